/** Render the page. */
import { render } from "./vendor/preact.js";
import { App } from "./app.js";
import { html } from "./parts/html.js";
import { showFullTexts } from "./parts/whole.js";
import { keepTheme } from "./state/theme.js";

keepTheme();
showFullTexts();
const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(html`<${App} />`, page);
}
