/** A group of buttons of which one is selected. */
import { html } from "./html.js";

/**
 * @param {{name: string, choices: {key: string, name: string}[], chosen: string, choose: (key: string) => void}} props
 */
export const Choice = ({ name, choices, chosen, choose }) => html`
  <div class="choice" role="group" aria-label=${name}>
    ${choices.map(
      (it) => html`
        <button key=${it.key} type="button" aria-pressed=${it.key === chosen} onClick=${() => choose(it.key)}>
          ${it.name}
        </button>
      `,
    )}
  </div>
`;
