// What forms gain where scripts run. Every form works without this file.
//
// 1. Instant checks: a form with data-instant sends itself with _validate=<field> when a
//    field is left, and shows what the server says of that field. The server does nothing else.
// 2. Drawn signatures: a canvas beside a text field with data-signature.
// 3. Suggestions while typing: a field with data-url and a list asks that address with ?q=.
// 4. Sliders show their value.
// 5. HTML editing: a toolbar for a textarea with data-wysiwyg.
(() => {
  "use strict";
  if (window.asokForms) return;
  window.asokForms = true;

  const escapeId = (id) => CSS.escape(id);

  // --- instant checks ----------------------------------------------------------------------

  const groupOf = (control) => control.closest(".form-group");

  function show(form, name, answer) {
    const named = escapeId(name);
    const control = form.querySelector(`[name="${named}"], [name="${named}_start"]`);
    if (!control || !groupOf(control)) return;
    const group = groupOf(control);
    const id = group.tagName === "FIELDSET" ? group.id : control.id;
    const theirs = answer.getElementById(id);
    if (!theirs) return;
    const described = group.tagName === "FIELDSET" ? group : control;
    for (const attribute of ["aria-invalid", "aria-describedby"]) {
      const value = theirs.getAttribute(attribute);
      if (value === null) described.removeAttribute(attribute);
      else described.setAttribute(attribute, value);
    }
    described.classList.toggle("input-error", theirs.classList.contains("input-error"));
    const error = answer.getElementById(`${id}-error`);
    const present = document.getElementById(`${id}-error`);
    group.classList.toggle("has-error", error !== null);
    if (present) present.remove();
    if (error) {
      const added = document.importNode(error, true);
      added.setAttribute("aria-live", "polite");
      group.append(added);
    }
  }

  // Why an answer waits for a finger that is down: the error that it adds moves the page, and
  // a press that began on a button would end beside it, so that nothing was clicked.
  let isPressed = false;
  const waitingForRelease = [];
  const release = () => setTimeout(() => {
    isPressed = false;
    for (const goOn of waitingForRelease.splice(0)) goOn();
  });
  document.addEventListener("pointerdown", () => { isPressed = true; }, true);
  for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, release, true);
  window.addEventListener("blur", release);
  const released = () => new Promise((goOn) => {
    if (isPressed) waitingForRelease.push(goOn);
    else goOn();
  });

  const latest = new WeakMap();

  async function check(form, name) {
    // Why by field: one that is left quickly must not take back the answer about the one before.
    const running = latest.get(form) || new Map();
    latest.set(form, running);
    running.get(name)?.abort();
    const stop = new AbortController();
    running.set(name, stop);
    const body = new FormData();
    for (const [key, value] of new FormData(form)) {
      if (typeof value === "string") body.append(key, value);
    }
    body.set("_validate", name);
    const headers = { Accept: "text/html" };
    const block = form.getAttribute("data-block-name");
    if (block) headers["X-Block"] = block;
    try {
      const response = await fetch(form.getAttribute("action") || location.href, {
        method: "POST", body, headers, signal: stop.signal, credentials: "same-origin",
      });
      if (!(response.headers.get("Content-Type") || "").startsWith("text/html")) return;
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      await released();
      if (!stop.signal.aborted) show(form, name, answer);
    } catch (error) {
      // Why nothing is said: the form can be sent all the same, and is checked then.
      if (error.name !== "AbortError") console.debug("The instant check did not reach the server.", error);
    }
  }

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form || !form.hasAttribute("data-instant") || !event.target.name) return;
    if (event.target.type === "file" || event.target.type === "hidden") return;
    // The two controls of a range are one field, named as their fieldset is.
    const name = event.target.name.replace(/_(start|end)$/, "");
    check(form, groupOf(event.target)?.id === name ? name : event.target.name);
  });

  // --- sliders ---------------------------------------------------------------------------------

  document.addEventListener("input", (event) => {
    if (event.target.type !== "range" || !event.target.id) return;
    const output = document.querySelector(`output[for="${escapeId(event.target.id)}"]`);
    if (output) output.textContent = event.target.value;
  });

  // --- suggestions -----------------------------------------------------------------------------

  let waiting;
  document.addEventListener("input", (event) => {
    const address = event.target.dataset && event.target.dataset.url;
    const list = event.target.list;
    if (!address || !list) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const url = new URL(address, location.href);
      if (url.origin !== location.origin || !event.target.value) return;
      url.searchParams.set("q", event.target.value);
      const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!response.ok) return;
      const found = await response.json();
      list.replaceChildren(...found.slice(0, 50).map((item) => {
        const option = document.createElement("option");
        option.value = String(item);
        return option;
      }));
    }, 200);
  });

  // --- signatures ------------------------------------------------------------------------------

  function drawable(field) {
    const canvas = document.createElement("canvas");
    canvas.width = 480;
    canvas.height = 160;
    canvas.className = "form-signature";
    canvas.setAttribute("aria-hidden", "true");
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "form-clear";
    clear.textContent = field.dataset.clear || "Clear the drawing";
    clear.hidden = true;
    const pen = canvas.getContext("2d");
    pen.lineWidth = 2;
    pen.lineCap = "round";
    let typed = "";
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
    };
    let drawing = false;
    canvas.addEventListener("pointerdown", (event) => {
      drawing = true;
      canvas.setPointerCapture(event.pointerId);
      pen.strokeStyle = getComputedStyle(canvas).color;
      pen.beginPath();
      pen.moveTo(...place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drawing) return;
      pen.lineTo(...place(event));
      pen.stroke();
    });
    canvas.addEventListener("pointerup", () => {
      if (!drawing) return;
      drawing = false;
      if (!field.readOnly) typed = field.value;
      field.value = canvas.toDataURL("image/png");
      field.readOnly = true;
      clear.hidden = false;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    clear.addEventListener("click", () => {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      field.value = typed;
      field.readOnly = false;
      clear.hidden = true;
      field.focus();
    });
    field.after(canvas, clear);
  }

  // --- editing HTML ----------------------------------------------------------------------------

  const TOOLS = [["bold", "B", "Bold"], ["italic", "I", "Italic"], ["insertUnorderedList", "•", "List"]];

  function editable(field) {
    const label = field.labels && field.labels[0];
    const editor = document.createElement("div");
    editor.contentEditable = "true";
    editor.className = "form-editor";
    editor.setAttribute("role", "textbox");
    editor.setAttribute("aria-multiline", "true");
    if (label) {
      label.id = label.id || `${field.id}-label`;
      editor.setAttribute("aria-labelledby", label.id);
      label.addEventListener("click", () => editor.focus());
    }
    const described = field.getAttribute("aria-describedby");
    if (described) editor.setAttribute("aria-describedby", described);
    // Why parsed apart: what a person wrote earlier must not run while it is being read.
    const parsed = new DOMParser().parseFromString(field.value, "text/html");
    for (const bad of parsed.querySelectorAll("script, style, iframe, object, embed, link, meta, base, form")) bad.remove();
    for (const element of parsed.body.querySelectorAll("*")) {
      for (const { name, value } of [...element.attributes]) {
        const isLink = name === "href" && /^(https?:|mailto:|\/|#)/i.test(value);
        if (!isLink && !["title", "lang", "dir"].includes(name)) element.removeAttribute(name);
      }
    }
    editor.append(...parsed.body.childNodes);
    const bar = document.createElement("div");
    bar.className = "form-tools";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Format");
    for (const [command, text, title] of TOOLS) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.setAttribute("aria-label", title);
      button.addEventListener("click", () => {
        editor.focus();
        document.execCommand(command);
        keep();
      });
      bar.append(button);
    }
    const keep = () => { field.value = editor.textContent.trim() ? editor.innerHTML : ""; };
    editor.addEventListener("input", keep);
    editor.addEventListener("blur", () => field.dispatchEvent(new Event("change", { bubbles: true })));
    field.required = false;
    field.hidden = true;
    field.after(bar, editor);
  }

  function enhance() {
    document.querySelectorAll("input[data-signature]").forEach(drawable);
    document.querySelectorAll("textarea[data-wysiwyg]").forEach(editable);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", enhance);
  else enhance();
})();
