// The exchanges as they come, and one of them in full beside the list.

import {ask, documents, follow} from "./api.js";
import {button, h, redraw, row, say, select, table} from "./dom.js";
import {duration, exchange, marks, statusOf} from "./exchange.js";

const columns = ["Time", "Request", "Operation", "Status", "Took", "Marks"];
const most = 500; // rows; the journal may remember more
const quiet = 2000; // ms between two announcements

/** exchanges draws the view; its routes are `#/exchanges?filters` and `#/exchanges/REQUEST_ID?filters`. */
export function exchanges(root, signal, fail) {
  const list = new List(root, signal, fail);
  return (route) => list.move(route);
}

class List {
  constructor(root, signal, fail) {
    Object.assign(this, {root, signal, fail, paused: false, seen: 0, fresh: 0});
    this.filters = filterForm((query) => location.replace(this.address(this.open, query)));
    this.pause = button("Pause", () => this.togglePause(), {"aria-pressed": "false"});
    this.count = h("p", {class: "count"});
    this.table = table("Exchanges, the latest first", columns, []);
    this.rows = this.table.querySelector("tbody");
    this.none = h("p", {class: "none", hidden: true});
    this.detail = h("section", {class: "detail", "aria-label": "The exchange", hidden: true});
    root.append(h("div", {class: "bar"}, this.filters.form, h("p", {class: "actions"}, this.pause, button("Clear", () => this.clear()))),
      h("div", {class: "split"}, h("section", {class: "list", "aria-label": "List"}, this.count, this.table, this.none), this.detail));
    this.rows.addEventListener("keydown", (event) => this.step(event));
    fillOperations(this.filters.form, signal);
  }

  address(id, query = this.query) {
    const text = query?.toString();
    return `#/exchanges${id ? `/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
  }

  async move({parts: [id = ""], query}) {
    const changed = this.query?.toString() !== query.toString();
    const before = this.open;
    Object.assign(this, {query, open: id});
    this.filters.show(query);
    if (changed) this.restart();
    this.select();
    this.root.classList.toggle("opened", id !== "");
    this.detail.hidden = id === "";
    if (id) await this.read(id);
    else if (before) document.getElementById(`row-${before}`)?.focus();
  }

  async read(id) {
    this.detail.setAttribute("aria-busy", "true");
    const back = h("a", {class: "back", href: this.address("")}, "Close");
    try {
      const one = await ask("GET", `journal/${encodeURIComponent(id)}`, {signal: this.signal});
      if (this.open === id) this.detail.replaceChildren(back, ...await exchange(one, this.signal));
    } catch (problem) {
      if (this.signal.aborted) return;
      this.detail.replaceChildren(back, h("h2", {tabindex: "-1"}, "Not there"),
        h("p", {role: "alert"}, problem.status === 404 ? "The mock remembers this exchange no longer." : problem.message));
    }
    this.detail.removeAttribute("aria-busy");
    this.detail.querySelector("h2")?.focus();
  }

  restart() {
    this.following?.abort();
    this.following = new AbortController();
    if (!this.paused) this.watch(AbortSignal.any([this.signal, this.following.signal])).catch(this.fail);
  }

  async watch(signal) {
    for await (const batch of follow(Object.fromEntries(this.query), signal)) {
      if (signal.aborted) return;
      this.add(batch);
    }
  }

  add({exchanges: some, anew, forgotten, left}) {
    const rows = some.map((one) => this.row(one)).reverse();
    if (anew) redraw(this.rows, rows);
    else this.rows.prepend(...rows);
    while (this.rows.childElementCount > most) this.rows.lastChild.remove();
    if (this.rows.childElementCount > left) return this.restart(); // somebody else has emptied the journal
    this.forgotten = forgotten;
    this.select();
    this.tally();
    if (!anew && some.length) this.announce(some.length);
  }

  tally() {
    const n = this.rows.childElementCount;
    this.count.textContent = `${n === most ? `The latest ${n}` : n} ${n === 1 ? "exchange" : "exchanges"}${this.forgotten ? `; ${this.forgotten} earlier ones are forgotten` : ""}`;
    this.none.hidden = n > 0;
    this.none.textContent = [...this.query].length ? "None passes these filters." : "No request yet. They appear here as they come.";
    this.table.hidden = n === 0;
  }

  // Many requests in a row are told of once.
  announce(n) {
    this.fresh += n;
    this.telling ??= setTimeout(() => {
      say(`${this.fresh} new ${this.fresh === 1 ? "exchange" : "exchanges"}`);
      [this.fresh, this.telling] = [0, undefined];
    }, quiet);
  }

  row(one) {
    const link = h("a", {href: this.address(one.request_id), id: `row-${one.request_id}`}, h("b", {}, one.method), " ", one.path);
    return row(columns, [clockTime(one.at), link, one.operation ?? "", statusOf(one), duration(one.duration_us), marks(one)]);
  }

  select() {
    for (const link of this.rows.querySelectorAll("a")) {
      const chosen = this.open !== "" && link.id === `row-${this.open}`;
      link.href = this.address(link.id.slice(4));
      if (chosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  step(event) {
    const towards = {ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling"}[event.key];
    const next = towards && event.target.closest("tr")?.[towards]?.querySelector("a");
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  togglePause() {
    this.paused = !this.paused;
    this.pause.textContent = this.paused ? "Go on" : "Pause";
    this.pause.setAttribute("aria-pressed", String(this.paused));
    this.restart();
  }

  async clear() {
    try {
      await ask("DELETE", "journal");
      say("All exchanges are forgotten");
      this.add({exchanges: [], anew: true, forgotten: 0, left: 0});
      if (!this.paused) this.restart();
    } catch (problem) { this.fail(problem); }
  }
}

const statuses = ["", "2XX", "3XX", "4XX", "5XX"].map((one) => [one, one || "any status"]);
const kinds = [["", "all of them"], ["refused", "refused"], ["violations", "with violations"], ["faults", "with faults"], ["stubs", "from stubs"]];

function filterForm(changed) {
  const inputs = {
    operation: select([["", "any operation"]], {"aria-label": "Operation"}),
    status: select(statuses, {"aria-label": "Status"}),
    only: select(kinds, {"aria-label": "Which"}),
    path: h("input", {type: "search", placeholder: "path begins with", "aria-label": "Path begins with", spellcheck: "false"}),
    project: h("input", {type: "search", placeholder: "project", "aria-label": "Project", spellcheck: "false"}),
  };
  const form = h("form", {class: "filters", role: "search", "aria-label": "Filters"}, Object.values(inputs));
  const read = (event) => {
    event.preventDefault();
    changed(new URLSearchParams(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value)));
  };
  form.addEventListener("change", read);
  form.addEventListener("submit", read);
  const show = (query) => {
    for (const [name, input] of Object.entries(inputs)) {
      const value = query.get(name) ?? "";
      if (input.localName === "select" && ![...input.options].some((option) => option.value === value)) input.append(h("option", {value}, value));
      input.value = value;
    }
  };
  return {form, show};
}

async function fillOperations(form, signal) {
  const choice = form.querySelector("select");
  const known = new Set([...choice.options].map((option) => option.value));
  const all = await documents(signal).catch(() => []);
  for (const {operations} of all) for (const {id} of operations) if (!known.has(id)) choice.append(h("option", {value: id}, id));
}

function clockTime(at) {
  return h("time", {datetime: at, title: at}, at.slice(11, 19));
}
