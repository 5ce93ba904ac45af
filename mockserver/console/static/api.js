// What the page asks of the mock: its own API, openapi/control.yaml, which is below the page's own address.

import {dialog, field, h} from "./dom.js";

const base = new URL(".", document.baseURI);
const tokenKey = "counterpart-control-token";

/** Problem is a refusal (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the mock answered with status ${status}`);
    this.status = status;
    this.errors = body.errors ?? [];
  }
}

/** Away says that nobody answered. */
class Away extends Error {
  constructor() { super("the mock is away"); }
}

/** connection tells (`change`) when the mock goes away and when it is there again. */
export const connection = new class extends EventTarget {
  here = undefined;

  found(here) {
    if (this.here === here) return;
    this.here = here;
    this.dispatchEvent(new Event("change"));
    if (!here) setTimeout(() => this.probe(), 1000);
  }

  probe() {
    fetch(new URL("health", base), {cache: "no-store"}).then(() => this.found(true), () => setTimeout(() => this.probe(), 1000));
  }

  back(signal) {
    return new Promise((resolve, reject) => {
      if (this.here) return resolve();
      this.addEventListener("change", resolve, {once: true, signal});
      signal.addEventListener("abort", reject, {once: true});
    });
  }
}();

/** ask sends a request and gives the JSON of the answer; null for one without a body. It fails with a Problem. */
export async function ask(method, path, {query, body, signal} = {}) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query ?? {})) if (value !== "" && value != null) url.searchParams.set(name, value);
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const token = sessionStorage.getItem(tokenKey);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await reach(url, {method, headers, body: typeof body === "object" ? JSON.stringify(body) : body, signal, cache: "no-store"});
  if (answer.status === 401) {
    await askToken(token);
    if (sessionStorage.getItem(tokenKey) !== token) return ask(method, path, {query, body, signal});
  }
  const text = await answer.text();
  if (!answer.ok) throw new Problem(answer.status, problemIn(text));
  return text ? parse(text) : null;
}

async function reach(url, options) {
  try {
    const answer = await fetch(url, options);
    connection.found(true);
    return answer;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    connection.found(false);
    throw new Away();
  }
}

function problemIn(text) {
  try { return JSON.parse(text); } catch { return {}; }
}

/** parse keeps numbers that have more digits than a JavaScript number, where the browser can. */
export function parse(text) {
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source.length > 15 && JSON.rawJSON ? JSON.rawJSON(context.source) : value);
}

let asking;

// However many requests are refused at once, the token is asked for once.
function askToken(used) {
  if (sessionStorage.getItem(tokenKey) !== used) return Promise.resolve();
  asking ??= new Promise((resolve) => {
    const input = h("input", {type: "password", required: true, autocomplete: "off"});
    const keep = () => sessionStorage.setItem(tokenKey, input.value);
    const box = dialog("This mock asks for a token", field("Token", input, {help: "What the mock was started with as --control-token. It is kept until this tab is closed."}), {action: "Use it", act: keep});
    box.addEventListener("close", () => { asking = undefined; resolve(); });
  });
  return asking;
}

const atOnce = 200;
const patience = 20000; // ms that the mock may wait for the next exchange
const breath = 200; // ms between two questions: a busy mock is not asked all the time

/**
 * follow gives the latest exchanges that pass the filters, and then new ones as they come, until the signal ends it.
 * `anew` says that the exchanges are all there are, `left` how many the journal has, filters or not.
 */
export async function* follow(filters, signal) {
  let after;
  while (!signal.aborted) {
    try {
      await seen();
      const query = after === undefined ? {...filters, limit: atOnce} : {...filters, limit: atOnce, after, wait_ms: patience};
      const {exchanges, last, forgotten} = await ask("GET", "journal", {query, signal});
      if (last < after) after = undefined;
      else {
        yield {exchanges, forgotten, left: last - forgotten, anew: after === undefined};
        after = after !== undefined && exchanges.length === atOnce ? exchanges.at(-1).number : last;
        await rest(breath);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Away)) throw error;
      await connection.back(signal).catch(() => {});
      after = undefined;
    }
  }
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A page that nobody sees asks for nothing: a browser has few connections to one server, whatever number of tabs.
function seen() {
  return new Promise((resolve) => document.hidden ? document.addEventListener("visibilitychange", resolve, {once: true}) : resolve());
}

const share = 5; // what takes long is done for one part of the time in so many

/** onTraffic calls back at once, and whenever there were requests, until the signal ends it. */
export async function onTraffic(signal, act) {
  for await (const _ of follow({}, signal)) {
    const began = performance.now();
    if (!signal.aborted) await act();
    await rest((share - 1) * (performance.now() - began));
  }
}

export const documents = async (signal) => (await ask("GET", "documents", {signal})).documents;

const kept = new Map();
const keptFor = 10000;

/** contract gives one document. It is asked for again after a while: a document may change under a running mock. */
export function contract(number, signal) {
  const known = kept.get(number);
  if (known && Date.now() - known.at < keptFor) return known.document;
  const document = ask("GET", `documents/${number}`, {signal});
  kept.set(number, {at: Date.now(), document});
  document.catch(() => kept.delete(number));
  return document;
}
