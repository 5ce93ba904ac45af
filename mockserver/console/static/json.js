// Shows JSON as it is: numbers keep their digits, keys their order and their doubles; JSON in strings is opened.

import {h} from "./dom.js";

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;
const deepest = 200; // levels; what is nested deeper is shown as it came

/** json gives lines of elements for a text of JSON; what stands at one of the pointers is marked. A text that is none is shown unchanged. */
export function json(text, marked = []) {
  return h("pre", {class: "json", tabindex: "0"}, isJSON(text) ? new Printer(new Set(marked)).print(text) : text);
}

function isJSON(text) {
  try { JSON.parse(text); } catch { return false; }
  let level = 0;
  return (text.match(tokens) ?? []).every((token) => {
    if (token === "{" || token === "[") level++;
    if (token === "}" || token === "]") level--;
    return level <= deepest;
  });
}

class Printer {
  constructor(marked) { Object.assign(this, {marked, out: [], indent: 0}); }

  print(text, at = "") {
    this.tokens = text.match(tokens) ?? [];
    this.next = 0;
    this.value(at);
    return this.out;
  }

  value(at) {
    const token = this.tokens[this.next++];
    const from = this.out.length;
    if (token === "{") this.members(at, "}");
    else if (token === "[") this.members(at, "]");
    else this.scalar(token, at);
    if (this.marked.has(at)) this.out.splice(from, this.out.length, h("mark", {}, this.out.slice(from)));
  }

  members(at, end) {
    this.out.push(end === "}" ? "{" : "[");
    this.indent++;
    let n = 0;
    for (; this.tokens[this.next] !== end; n++) {
      if (this.tokens[this.next] === ",") this.next++;
      if (n) this.out.push(",");
      this.line();
      this.value(`${at}/${end === "}" ? this.key() : n}`);
    }
    this.next++;
    this.indent--;
    if (n) this.line();
    this.out.push(end);
  }

  key() {
    const key = this.tokens[this.next];
    this.next += 2;
    this.out.push(h("span", {class: "key"}, key), ": ");
    return JSON.parse(key).replaceAll("~", "~0").replaceAll("/", "~1");
  }

  scalar(token, at) {
    if (token[0] !== '"') return void this.out.push(h("span", {class: "literal"}, token));
    const text = JSON.parse(token);
    if (!/^\s*[{[]/.test(text) || !isJSON(text)) return void this.out.push(h("span", {class: "string"}, token));
    const outer = [this.tokens, this.next, this.out];
    this.out = [];
    const inner = this.print(text, `${at}#`);
    [this.tokens, this.next, this.out] = outer;
    this.out.push(h("span", {class: "opened", title: "a string that holds JSON"}, h("span", {class: "hint"}, "string of JSON"), inner));
  }

  line() { this.out.push(`\n${"  ".repeat(this.indent)}`); }
}

/** at gives what stands at a JSON Pointer in a value; undefined for nothing. */
export function at(value, pointer) {
  return pointer.split("/").slice(1).reduce((found, token) =>
    found != null && typeof found === "object" ? found[token.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined, value);
}
