// Passkeys for pages: buttons with data-passkey="sign-in" or data-passkey="register".
//
//   <button type="button" data-passkey="sign-in" hidden>Sign in with a passkey</button>
//
// data-passkey-url   where the page is that calls request.auth.passkeys.handle(); /auth/passkeys
// data-passkey-next  where on this site to go afterwards, else this page again
// data-passkey-name  the id of a field with the name for a new passkey
// Messages go into the element with data-passkey-message, else into one behind the button.
// data-passkey-cancelled and data-passkey-failed on the button replace the two that are made here.
// With a field that has autocomplete="username webauthn" the browser offers passkeys in it.
(() => {
  "use strict";
  if (window.asokPasskeys) return;
  window.asokPasskeys = true;

  const { prefix = "", token = "" } = document.currentScript.dataset;
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  // A passkey belongs to the name of a host, and an address in numbers is none.
  if (/^[\d.]+$|:/.test(location.hostname)) return;

  // --- bytes and text ------------------------------------------------------------------------

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  function toOptions(options) {
    const made = { ...options, challenge: bytes(options.challenge) };
    if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
    for (const list of ["excludeCredentials", "allowCredentials"]) {
      if (options[list]) made[list] = options[list].map((each) => ({ ...each, id: bytes(each.id) }));
    }
    return made;
  }

  function toAnswer(credential) {
    const { response } = credential;
    const answer = { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: {} };
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) answer.response[name] = text(response[name]);
    }
    if (response.getTransports) answer.response.transports = response.getTransports();
    return answer;
  }

  // --- asking --------------------------------------------------------------------------------

  const urlOf = (button) => prefix + (button.dataset.passkeyUrl || "/auth/passkeys");

  async function ask(button, body) {
    const answer = await fetch(urlOf(button), {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token },
      body: JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    const error = new Error(said.detail || button.dataset.passkeyFailed || "That did not work. Try again.");
    error.isTold = true;
    throw error;
  }

  function say(button, message) {
    let place = document.querySelector("[data-passkey-message]");
    if (!place) {
      place = document.createElement("p");
      place.dataset.passkeyMessage = "";
      button.after(place);
    }
    place.setAttribute("role", "status");
    place.textContent = message;
  }

  function explain(button, error) {
    if (error.isTold) return say(button, error.message);
    if (error.name === "AbortError") return undefined;
    if (error.name === "InvalidStateError") return say(button, "This device has a passkey for you already.");
    if (error.name === "NotAllowedError") return say(button, button.dataset.passkeyCancelled || "Nothing was done.");
    return say(button, button.dataset.passkeyFailed || "That did not work. Try again.");
  }

  function goOn(answer) {
    // Why not the attribute itself: the page has checked that this is an address of its own.
    if (answer.next) location.assign(answer.next);
    else location.reload();
  }

  // --- signing in and registering ------------------------------------------------------------

  let waiting = null;
  const stopWaiting = () => { if (waiting) waiting.abort(); waiting = null; };

  async function signIn(button, more = {}) {
    const options = await ask(button, { step: "sign-in-options" });
    const credential = await navigator.credentials.get({ publicKey: toOptions(options), ...more });
    const remember = document.querySelector('input[type="checkbox"][name="remember"]');
    goOn(await ask(button, {
      step: "sign-in",
      answer: toAnswer(credential),
      remember: Boolean(remember && remember.checked),
      next: button.dataset.passkeyNext || "",
    }));
  }

  async function register(button) {
    const options = await ask(button, { step: "registration-options" });
    const credential = await navigator.credentials.create({ publicKey: toOptions(options) });
    const field = document.getElementById(button.dataset.passkeyName || "");
    goOn(await ask(button, {
      step: "register",
      answer: toAnswer(credential),
      name: field ? field.value : "",
      next: button.dataset.passkeyNext || "",
    }));
  }

  async function offer(button) {
    if (!document.querySelector('input[autocomplete~="webauthn"]')) return;
    const can = PublicKeyCredential.isConditionalMediationAvailable;
    // Made before anything is waited for: a button that is pressed meanwhile ends it.
    waiting = new AbortController();
    const { signal } = waiting;
    if (!can || !(await can.call(PublicKeyCredential)) || signal.aborted) return;
    await signIn(button, { mediation: "conditional", signal });
  }

  for (const button of document.querySelectorAll("[data-passkey]")) {
    const deed = button.dataset.passkey === "register" ? register : signIn;
    button.hidden = false;
    button.addEventListener("click", async () => {
      stopWaiting();
      button.disabled = true;
      try {
        await deed(button);
      } catch (error) {
        explain(button, error);
      } finally {
        button.disabled = false;
      }
    });
  }
  const first = document.querySelector('[data-passkey="sign-in"]');
  if (first) offer(first).catch((error) => { if (error.isTold) explain(first, error); });
})();
