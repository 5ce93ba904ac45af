// Elements are made here. What comes from outside becomes text nodes and is never read as markup.

/** h makes an element. A function becomes a listener (`onclick`), true an empty attribute; false and null leave one out. */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child != null && child !== false));
  return element;
}

/** say tells those who listen to the page what has happened. */
export function say(words) {
  document.getElementById("said").textContent = words;
}

/** redraw puts other content into an element. Focus and open details stay with the elements of the same id. */
export function redraw(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  const toggled = new Map([...element.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  element.replaceChildren(...children.flat(9).filter(Boolean));
  for (const one of element.querySelectorAll("details[id]")) one.open = toggled.get(one.id) ?? one.open;
  if (focused) document.getElementById(focused)?.focus();
}

/** table makes a table whose rows become cards where there is little room: each cell then shows its column's name. */
export function table(caption, columns, rows) {
  return h("table", {role: "table", class: "cards"},
    h("caption", {class: "unseen"}, caption),
    h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, columns.map((column) => h("th", {role: "columnheader", scope: "col"}, column)))),
    h("tbody", {role: "rowgroup"}, rows.map((cells) => row(columns, cells))));
}

export function row(columns, cells, attributes) {
  return h("tr", {role: "row", ...attributes}, cells.map((cell, i) => h("td", {role: "cell", "data-column": columns[i]}, cell)));
}

export function button(words, act, attributes) {
  return h("button", {type: "button", onclick: act, ...attributes}, words);
}

export function mark(kind, words) {
  return h("span", {class: `mark ${kind}`}, words);
}

let fields = 0;

/** field is an input with its label, a line of help, and room for what is wrong with it. */
export function field(label, input, {pointer, help} = {}) {
  const id = `field-${++fields}`;
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  if (pointer !== undefined) input.dataset.pointer = pointer;
  return h("div", {class: "field"},
    h("label", {for: id}, label), input,
    h("p", {id: `${id}-help`, class: "help"}, help),
    h("p", {id: `${id}-wrong`, class: "wrong"}));
}

export function select(choices, attributes) {
  return h("select", attributes, choices.map(([value, words]) => h("option", {value}, words)));
}

// Each thing that is wrong is shown at the field that it is about, the rest in the form's own place.
function showProblem(form, problem) {
  const rest = [];
  for (const wrong of problem.errors) {
    const input = fieldOf(form, wrong.pointer ?? "");
    if (!input) rest.push(wrong.pointer ? `${wrong.pointer}: ${wrong.detail}` : wrong.detail);
    else attach(input, input.dataset.pointer === wrong.pointer ? wrong.detail : `${wrong.pointer}: ${wrong.detail}`);
  }
  if (problem.errors.length === 0) rest.push(problem.message);
  form.querySelector(".problem").replaceChildren(...rest.map((words) => h("p", {}, words)));
  form.querySelector("[aria-invalid]")?.focus();
}

function attach(input, words) {
  input.setAttribute("aria-invalid", "true");
  document.getElementById(`${input.id}-wrong`).append(h("span", {}, words));
}

function clearProblem(form) {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".wrong, .problem")) place.replaceChildren();
}

// The field of a pointer is that of the longest pointer that it begins with, or the one that stands for everything.
function fieldOf(form, pointer) {
  const inputs = [...form.querySelectorAll("[data-pointer]")];
  return inputs.filter((input) => pointer === input.dataset.pointer || pointer.startsWith(`${input.dataset.pointer}/`))
    .sort((a, b) => b.dataset.pointer.length - a.dataset.pointer.length)[0];
}

/** form does `act` when it is sent. What is refused is shown in it; `done` comes after what is not. */
export function form(attributes, content, act, done) {
  const one = h("form", {...attributes, novalidate: true}, content, h("div", {class: "problem", role: "alert"}));
  one.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblem(one);
    try {
      await act();
    } catch (problem) { return showProblem(one, {errors: [], ...problem, message: problem.message}); }
    await done();
  });
  return one;
}

/** dialog asks for something, and is gone when that is done or left. `act` is what its button does; `danger` colours it. */
export function dialog(title, content, {action, act, danger = false}) {
  const ending = h("p", {class: "actions"}, button("Cancel", () => box.close()), h("button", {type: "submit", class: danger ? "danger" : "primary"}, action));
  const inside = form({}, [h("h2", {id: "dialog-title"}, title), content, ending], act, () => box.close());
  const box = h("dialog", {"aria-labelledby": "dialog-title", onclose: () => box.remove()}, inside);
  document.body.append(box);
  box.showModal();
  return box;
}

/** part is a section of a page with its heading. */
export function part(title, ...content) {
  return h("section", {class: "part"}, h("h3", {}, title), content);
}

/** copyButton copies a text; where the browser keeps the clipboard to itself the text is selected instead. */
export function copyButton(text, source) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
      one.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      say("Selected: copy it with the keyboard");
      one.textContent = "Selected";
    }
  };
  const one = button("Copy", copy);
  return one;
}

/** prose shows a description: paragraphs, lists, `code`, *stress* of Markdown; all else is text. */
export function prose(text) {
  return String(text ?? "").split(/\n\s*\n/).filter((block) => block.trim()).map((block) => {
    const lines = block.trim().split("\n");
    if (!lines.every((line) => /^\s*([-*]\s|\s{2})/.test(line))) return h("p", {}, inline(lines.join(" ")));
    return h("ul", {}, block.trim().split(/\n\s*[-*]\s+|^[-*]\s+/).filter(Boolean).map((item) => h("li", {}, inline(item))));
  });
}

/** inline shows `code` and *stress* within a line. */
export function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/).map((part) => {
    if (/^`.+`$/.test(part)) return h("code", {}, part.slice(1, -1));
    if (/^\*\*.+\*\*$/.test(part)) return h("strong", {}, part.slice(2, -2));
    if (/^\*.+\*$/.test(part)) return h("em", {}, part.slice(1, -1));
    return part;
  });
}
