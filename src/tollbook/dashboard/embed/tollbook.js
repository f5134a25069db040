/** <tollbook-usage> shows usage in a frame; protocol 1. It works as a script and as a module. */
(() => {
  const NAME = "tollbook-usage";
  if (customElements.get(NAME)) return;
  const SCRIPT = /\/embed\/(?:\w+\/)?tollbook\.js(?:[?#].*)?$/;
  const sources = [document.currentScript, ...document.scripts].map((it) => String(Reflect.get(it ?? {}, "src")));
  const SERVER = (sources.find((it) => SCRIPT.test(it)) ?? "").replace(SCRIPT, "");
  const VIEWS = ["users", "user", "trend", "tiles", "modal"];
  const THEMES = ["auto", "light", "dark"];
  const PERIOD = /^(today|yesterday|last_7_days|last_30_days|this_month|last_month|this_quarter|this_year|\d{4}-\d\d(-\d\d\/\d{4}-\d\d-\d\d)?)$/;
  const TOKENS = ["accent", "background", "surface", "text", "line", "font", "radius"];
  const ATTRIBUTES = ["tenant", "organization", "user", "view", "period", "theme", "locale", "server", "title"];

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host(:not([hidden])) { display: block }
    iframe { display: block; width: 100%; height: 8rem; border: 0 }
    dialog { width: min(40rem, 100vw - 2rem); max-height: 90vh; padding: 0; border: 1px solid #8a94a3; border-radius: 10px }
    button { display: block; margin: 8px 8px 8px auto; font: inherit }
  `);

  /** @param {string} text A token. @returns {any[]} */
  const read = (text) => {
    const bytes = Uint8Array.from(atob(text.slice(4).replace(/-/g, "+").replace(/_/g, "/")), (it) => it.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes.slice(32)));
  };

  /** @type {WeakMap<Function, Map<string, any>>} */
  const shared = new WeakMap();

  /** Elements share a token. @param {any} fetchToken @param {any} subject @param {string} reason @param {string} old */
  function tokenOf(fetchToken, subject, reason, old) {
    if (typeof fetchToken !== "function") return Promise.reject(new Error("fetchToken must be a function"));
    const tokens = shared.get(fetchToken) ?? new Map();
    shared.set(fetchToken, tokens);
    const name = JSON.stringify([subject.tenant, subject.organization, subject.user]);
    const known = tokens.get(name);
    if (known?.pending || (known && known.text !== old && known.until > performance.now())) return known.promise;
    const late = new Promise((_, reject) => setTimeout(reject, 30_000, new Error("fetchToken took 30 s")));
    const now = /** @type {any} */ ({ pending: true });
    now.promise = Promise.race([Promise.resolve().then(() => fetchToken({ ...subject, reason })), late]).then((found) => {
      now.text = String(found?.token ?? found);
      const [, , , , , made, end] = read(now.text);
      now.until = performance.now() + (end - made) / 2000;
      now.pending = false;
      return now.text;
    });
    now.promise.catch(() => tokens.delete(name));
    tokens.set(name, now);
    return now.promise;
  }

  const textOf = (/** @type {any} */ error) => String(error?.message ?? error);

  class Usage extends HTMLElement {
    static observedAttributes = ATTRIBUTES;

    constructor() {
      super();
      this.root = this.attachShadow({ mode: "open" });
      this.root.adoptedStyleSheets = [sheet];
      this.frame = /** @type {any} */ (null);
      this.getToken = /** @type {any} */ (null);
      this.due = false;
    }

    get fetchToken() {
      return this.getToken;
    }

    set fetchToken(value) {
      this.getToken = value;
      this.refresh(true);
    }

    connectedCallback() {
      if (Object.hasOwn(this, "fetchToken")) {
        const { fetchToken } = this;
        // @ts-ignore Set before this class was known, it hides the accessor.
        delete this.fetchToken;
        this.fetchToken = fetchToken;
      }
      this.refresh(true);
    }

    disconnectedCallback() {
      this.close();
      this.discard();
    }

    /** @param {string} name */
    attributeChangedCallback(name) {
      this.refresh(["tenant", "organization", "user", "server"].includes(name));
    }

    refresh(isNew = false) {
      if (isNew) this.discard();
      if (this.due || !this.isConnected) return;
      this.due = true;
      queueMicrotask(() => {
        this.due = false;
        if (!this.isConnected) return;
        const problem = this.problem();
        if (problem) return this.fail("invalid_attribute", problem);
        if (this.frame) this.frame.send("update", { settings: this.settings() });
        else if (this.getToken && this.settings().view !== "modal") this.frame = this.open(this.root, this.settings());
      });
    }

    problem() {
      const { organization, view, theme, period, locale } = this.settings();
      if (!organization) return "organization is required";
      if (view && !VIEWS.includes(view)) return `view must be ${VIEWS.join(", ")}`;
      if (!THEMES.includes(theme)) return `theme must be ${THEMES.join(", ")}`;
      if (period && !PERIOD.test(period)) return "period must be like last_30_days or 2024-01-01/2024-01-31";
      try {
        new Intl.NumberFormat(locale || undefined);
      } catch {
        return "locale must be a language tag such as de-CH";
      }
      return this.server() ? "" : "server is required";
    }

    server() {
      return (this.getAttribute("server") ?? SERVER).replace(/\/+$/, "");
    }

    settings() {
      const style = getComputedStyle(this);
      const given = /** @type {any} */ (Object.fromEntries(ATTRIBUTES.map((it) => [it, this.getAttribute(it) ?? ""])));
      const tokens = Object.fromEntries(TOKENS.map((it) => [it, style.getPropertyValue(`--tollbook-${it}`).trim()]));
      return { ...given, theme: given.theme || "auto", title: given.title || "Usage", tokens };
    }

    /** @param {HTMLElement | ShadowRoot} place @param {any} settings */
    open(place, settings) {
      const server = this.server();
      const origin = new URL(server, document.baseURI).origin;
      const { tenant, organization, user } = this.settings();
      const subject = { tenant, organization, user };
      const iframe = document.createElement("iframe");
      iframe.title = settings.title;
      iframe.setAttribute("sandbox", "allow-scripts allow-same-origin allow-downloads");
      iframe.referrerPolicy = "no-referrer";
      let [token, isReady, gone] = ["", false, false];
      const scheme = (/** @type {any} */ it) => {
        const value = it.theme === "auto" ? "light dark" : it.theme;
        for (const { style } of [iframe, .../** @type {HTMLElement[]} */ (place === this.root ? [] : [place])]) style.colorScheme = value;
      };
      const send = (/** @type {string} */ type, /** @type {any} */ data) => {
        if (data.settings) {
          scheme(data.settings);
        }
        if (isReady) iframe.contentWindow?.postMessage({ tollbook: 1, type, ...data }, origin);
      };
      const renew = async (/** @type {string} */ reason) => {
        try {
          token = await tokenOf(this.getToken, subject, reason, token);
          send("token", { token });
        } catch (error) {
          send("no_token", { message: textOf(error) });
        }
      };
      const heard = (/** @type {MessageEvent} */ { source, origin: from, data }) => {
        if (source !== iframe.contentWindow || from !== origin || data?.tollbook !== 1) return;
        const { tollbook, type, ...detail } = data;
        if (type === "ready") {
          isReady = true;
          clearTimeout(timer);
          send("init", { settings });
          if (place === this.root) this.tell("ready", {});
        } else if (type === "need_token") renew(detail.reason);
        else if (type === "resize") iframe.style.height = `${detail.height}px`;
        else if (type === "close") this.close();
        else if (type === "error") this.tell("error", detail);
        else if (type === "select" && this.tell("select", detail) && detail.kind === "user") this.show(detail.user_id, detail.period);
      };
      const timer = setTimeout(() => this.fail("frame_refused", `register the origin ${location.origin}: its frame did not load`), 10_000);
      const begin = async () => {
        try {
          const owner = tenant || read(await tokenOf(this.getToken, subject, "start", ""))[1];
          if (gone) return;
          iframe.src = `${server}/embed/${encodeURIComponent(owner)}/frame`;
          place.appendChild(iframe);
        } catch (error) {
          clearTimeout(timer);
          this.fail("token_unavailable", textOf(error), true);
        }
      };
      scheme(settings);
      addEventListener("message", heard);
      begin();
      const discard = () => {
        gone = true;
        clearTimeout(timer);
        removeEventListener("message", heard);
        iframe.remove();
      };
      return { send, discard };
    }

    discard() {
      this.frame?.discard();
      this.frame = null;
    }

    reload() {
      this.refresh(true);
    }

    /** Open the modal of a user. @param {string} user @param {string} [period] */
    show(user, period) {
      this.close();
      const before = /** @type {any} */ (this.root.activeElement);
      const dialog = document.createElement("dialog");
      const button = document.createElement("button");
      button.textContent = "Close";
      button.onclick = () => dialog.close();
      dialog.append(button);
      this.root.append(dialog);
      const settings = this.settings();
      dialog.ariaLabel = settings.title;
      const frame = this.open(dialog, { ...settings, view: "modal", user, period: period || settings.period });
      dialog.onclose = () => {
        frame.discard();
        dialog.remove();
        before?.focus();
        this.tell("close", {});
      };
      dialog.showModal();
    }

    close() {
      this.root.querySelector("dialog")?.close();
    }

    tell(/** @type {string} */ name, /** @type {any} */ detail) {
      return this.dispatchEvent(new CustomEvent(`tollbook-${name}`, { detail, bubbles: true, composed: true, cancelable: name === "select" }));
    }

    /** @param {string} code @param {string} message */
    fail(code, message, retryable = false) {
      this.discard();
      this.tell("error", { code, message, request_id: null, retryable });
    }
  }
  customElements.define(NAME, Usage);
})();
