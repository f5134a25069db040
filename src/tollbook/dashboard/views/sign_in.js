/** The form to sign in with an API key, which is stored in this tab only. */
import { useState } from "../vendor/hooks.js";
import { ApiError } from "../state/api.js";
import { signIn } from "../state/session.js";
import { Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";

/** @type {Partial<Record<import("../state/api.js").ErrorKind, string>>} */
const MESSAGES = {
  signed_out: "The server does not recognize this key. It may be mistyped, revoked or expired.",
  absent: "This server is older than the page and does not support signing in.",
};

/** @param {{farewell: string}} props */
export function SignIn({ farewell }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const typed = text.trim();
    if (!typed) {
      setProblem("Paste an API key first.");
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      await signIn(typed);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(MESSAGES[error.kind] ?? error.message);
      setBusy(false);
    }
  };
  return html`
    <main class="alone sign-in">
      <div class="brand"><span class="mark" aria-hidden="true"></span>Tollbook</div>
      <h1>Usage and cost</h1>
      <form onSubmit=${submit}>
        ${farewell && html`<p class="notice" role="status">${farewell}</p>`}
        <label for="api-key">API key or viewer token</label>
        <input
          id="api-key"
          name="api-key"
          type="password"
          autocomplete="off"
          autofocus
          spellcheck=${false}
          placeholder="tb_…"
          value=${text}
          aria-invalid=${Boolean(problem)}
          aria-describedby="api-key-note"
          onInput=${(/** @type {any} */ e) => setText(e.target.value)}
        />
        <p id="api-key-note" class=${problem ? "problem" : "note"} role=${problem ? "alert" : undefined}>
          ${problem ? html`<${Sentence} text=${problem} />` : "The key is stored in this tab until you close it. It determines which data you see."}
        </p>
        <button type="submit" class="button primary" disabled=${busy}>${busy ? "Signing in…" : "Sign in"}</button>
      </form>
      <p class="note">The same figures are available from the <a href="docs">API</a>.</p>
    </main>
  `;
}
