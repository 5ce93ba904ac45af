// A JSON Schema to be read: references followed, branches and conditions in words, JSON in strings opened.

import {h, prose} from "./dom.js";
import {at, json} from "./json.js";

const openedLevels = 3; // what is deeper is drawn when it is opened

/** resolved follows a reference within the document; it gives what is not one unchanged, and undefined for what is nowhere. */
export function resolved(value, document) {
  for (let i = 0; i < 50 && typeof value?.$ref === "string"; i++) value = at(document, decodeURIComponent(value.$ref.replace(/^#/, "")));
  return value;
}

/** schema gives the elements that show a schema. */
export function schema(value, document) {
  return new Reader(document).show(value, 0);
}

// What is shown in a way of its own; every other keyword is shown as it is written.
const own = new Set(["type", "format", "description", "title", "properties", "required", "items", "prefixItems", "oneOf", "anyOf", "allOf", "if", "then", "else", "not",
  "contentSchema", "contentMediaType", "additionalProperties", "patternProperties", "enum", "const", "examples", "example", "nullable", "$ref", "$schema", "$id", "$defs", "xml", "externalDocs"]);

class Reader {
  constructor(document) { this.document = document; }

  show(value, level) {
    if (typeof value === "boolean") return h("p", {}, value ? "anything" : "nothing is allowed");
    const name = typeof value?.$ref === "string" ? value.$ref.split("/").at(-1) : "";
    const target = typeof value?.$ref === "string" ? {...resolved(value, this.document), ...siblings(value)} : value ?? {};
    const inside = () => this.parts(target, level + (encloses(target) ? 1 : 0));
    const head = h("p", {}, typeWords(target, this.document), name && h("span", {class: "hint"}, ` ${name}`), rules(target));
    if (!nests(target) || level < openedLevels) return h("div", {class: "schema"}, head, inside());
    const later = h("details", {class: "schema"}, h("summary", {}, typeWords(target, this.document), name && h("span", {class: "hint"}, ` ${name}`), rules(target)));
    later.addEventListener("toggle", () => later.childElementCount === 1 && later.append(...[inside()].flat(9).filter(Boolean)), {once: true});
    return later;
  }

  parts(of, level) {
    const one = (title, value) => value !== undefined && this.labelled(title, [value], level);
    return [
      prose(of.description), values(of),
      of.properties && h("ul", {class: "properties"}, Object.entries(of.properties).map(([name, each]) => this.property(name, each, of.required ?? (of.type && []), level))),
      this.unnamed(of),
      Object.entries(of.patternProperties ?? {}).map(([pattern, each]) => this.labelled(["Properties whose name matches ", h("code", {}, pattern)], [each], level)),
      of.additionalProperties === false ? h("p", {class: "hint"}, "No other properties.") : typeof of.additionalProperties === "object" && one("Other properties", of.additionalProperties),
      of.prefixItems && this.labelled("Items, in this order", of.prefixItems, level),
      one("Each item", of.items),
      of.oneOf && this.labelled("Exactly one of", of.oneOf, level), of.anyOf && this.labelled("At least one of", of.anyOf, level),
      of.allOf && (of.allOf.every((each) => each.if !== undefined) ? of.allOf.map((each) => this.condition(each, level)) : this.labelled("All of", of.allOf, level)),
      of.if !== undefined && this.condition(of, level),
      one("Not", of.not), one(["It holds JSON", of.contentMediaType && of.contentMediaType !== "application/json" && ` (${of.contentMediaType})`], of.contentSchema),
    ];
  }

  property(name, each, required, level) {
    return h("li", {}, h("p", {}, h("code", {class: "name"}, name), " ", required?.includes(name) ? h("span", {class: "required"}, "required") : required && h("span", {class: "hint"}, "optional")), this.show(each, level));
  }

  // What is required need not be described.
  unnamed({properties = {}, required = []}) {
    const rest = required.filter((name) => !Object.hasOwn(properties, name));
    return rest.length > 0 && h("p", {class: "hint"}, "Required: ", rest.map((name, i) => [i > 0 && ", ", h("code", {}, name)]));
  }

  labelled(title, list, level) {
    return h("div", {class: "branch"}, h("p", {class: "label"}, title), list.map((each) => this.show(each, level)));
  }

  condition({if: when, then, else: otherwise}, level) {
    return [then !== undefined && this.labelled(["When ", ...conditionWords(resolved(when, this.document))], [then], level),
      otherwise !== undefined && this.labelled(["Unless ", ...conditionWords(resolved(when, this.document))], [otherwise], level)];
  }
}

function siblings({$ref: _, ...rest}) { return rest; }

const has = (of, ...keys) => keys.some((key) => of[key] !== undefined);

/** encloses says whether its values have values in them, nests whether it has schemas in it. */
const encloses = (of) => has(of, "properties", "items", "prefixItems", "patternProperties") || typeof of.additionalProperties === "object";
const nests = (of) => encloses(of) || has(of, "oneOf", "anyOf", "allOf", "contentSchema", "if", "not");

function typeWords(of, document) {
  const types = [of.type ?? guessed(of, document)].flat();
  if (of.nullable) types.push("null");
  const words = types.filter(Boolean).join(" or ") || (nests(of) || has(of, "const", "enum") ? "" : "anything");
  return [h("span", {class: "kind"}, words), of.format && ` (${of.format})`, of.title && h("span", {class: "hint"}, ` ${of.title}`)];
}

function guessed(of, document) {
  if (has(of, "properties", "required")) return "object";
  if (has(of, "items")) return "array";
  if (has(of, "contentSchema")) return "string";
  return (of.allOf ?? []).map((each) => resolved(each, document)?.type).find(Boolean);
}

function rules(of) {
  return Object.entries(of).filter(([key]) => !own.has(key) && !key.startsWith("x-"))
    .map(([key, value]) => [" ", h("code", {class: "rule-chip"}, value === true ? key : `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`)]);
}

function values(of) {
  const list = (title, all) => h("p", {}, title, " ", all.map((value, i) => [i > 0 && ", ", h("code", {}, JSON.stringify(value))]));
  const examples = of.examples ?? (of.example !== undefined ? [of.example] : []);
  const short = Array.isArray(examples) && examples.every((one) => one === null || typeof one !== "object");
  return [of.enum && list("One of", of.enum), of.const !== undefined && list("Always", [of.const]),
    short ? examples.length > 0 && list(examples.length === 1 ? "Example" : "Examples", examples) : json(JSON.stringify(examples))];
}

function conditionWords(when) {
  const words = Object.entries(when?.properties ?? {}).map(([name, each]) => [h("code", {}, name), ...valueWords(each)]);
  const given = (when?.required ?? []).filter((name) => !Object.hasOwn(when.properties ?? {}, name)).map((name) => [h("code", {}, name), " is given"]);
  const all = [...words, ...given];
  if (!all.length) return [h("code", {}, JSON.stringify(when))];
  return all.flatMap((each, i) => [i > 0 && " and ", ...each]);
}

function valueWords(each) {
  if (each?.const !== undefined) return [" is ", h("code", {}, JSON.stringify(each.const))];
  if (each?.enum) return [" is ", each.enum.flatMap((value, i) => [i > 0 && " or ", h("code", {}, JSON.stringify(value))])].flat();
  return [" keeps ", h("code", {}, JSON.stringify(each))];
}
