/* What the page knows: asked for on a timer and after events, told to whoever listens. Drawing is left to others. */

import { ahead, ask, Refusal } from "./api.js";
import { follow } from "./stream.js";
import { kindOf, standings } from "./trust.js";
import { toDate } from "./words.js";

const FAST = 2000;
const SLOW = 10_000;
/* Milliseconds between two questions about traffic, and about everything else. */
const SOON = 150;
/* Milliseconds after an event in which further ones are awaited before asking what has changed. */
const EVENTS = 2000;
const PAUSE = 1000;
/* Milliseconds between two rounds of questions at least, however much happens. */
const AT_ONCE = 1000;
/* Events kept here, and asked for at the start. */
const SAMPLES = 90;
/* Three minutes. */

export class World {
  status = null;
  sites = [];
  servers = [];
  verdicts = [];
  trust = null;
  /** Standing of each server, see `trust.js`. */
  standings = [];
  /** Events, oldest first: {sequence, at, kind, site, record}. */
  events = [];
  /** By site: [{at, perSecond, errorsPerSecond, seconds}], oldest first. */
  traffic = new Map();
  /** "asking", "live", "lost" or "locked". */
  stream = "asking";
  /** Why the last question had no answer; empty when it had. */
  trouble = "";

  #listeners = [];
  #counters = new Map();
  #started = null;
  #last = 0;
  #soon = null;
  #asked = -Infinity;

  /** Call `listener(world)` after every change of the named part: "facts", "traffic", "events" or "event". */
  on(part, listener) {
    this.#listeners.push([part, listener]);
  }

  #tell(part, value) {
    for (const [wanted, listener] of this.#listeners) if (wanted === part) listener(this, value);
  }

  /** Begin to ask and to follow. */
  start() {
    this.#every(FAST, () => this.#askTraffic());
    this.#every(SLOW, () => this.refresh());
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
    follow({
      before: () => this.#catchUp(),
      record: (sequence, record) => this.#add(sequence, record),
      state: (word, error) => this.#turn(word, error),
    });
  }

  /** Ask for everything but the events now. */
  async refresh() {
    if (this.stream === "locked") return;
    this.#asked = performance.now();
    await this.#heed(async () => {
      const [status, sites, servers, verdicts, trust] = await Promise.all(
        ["/api/status", "/api/sites", "/api/servers", "/api/verdicts", "/api/trust"].map((path) => ask(path)),
      );
      Object.assign(this, { status, servers: servers.servers, verdicts: verdicts.verdicts, trust });
      this.#takeSites(sites.sites);
      this.#tell("facts");
    });
  }

  /** Ask again after the token has come. */
  unlock() {
    if (this.stream === "locked") this.stream = "asking";
    this.refresh();
  }

  /** Give the time by the proxy's clock, in milliseconds. */
  now() {
    return Date.now() + ahead * 1000;
  }

  #every(pause, work) {
    const turn = async () => {
      if (!document.hidden && this.stream !== "locked") await work();
      setTimeout(turn, pause);
    };
    turn();
  }

  async #heed(work) {
    try {
      await work();
      this.#complain("");
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) this.#turn("locked");
      else this.#complain(error instanceof Refusal ? error.message : "The proxy does not answer.");
    }
  }

  #complain(trouble) {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.#tell("facts");
  }

  async #askTraffic() {
    await this.#heed(async () => {
      this.#takeSites((await ask("/api/sites")).sites);
      this.#tell("facts");
    });
  }

  #takeSites(sites) {
    const now = performance.now() / 1000;
    this.sites = sites;
    this.standings = standings(this);
    for (const site of sites) this.#sample(site, now);
    for (const name of this.traffic.keys()) if (!sites.some((site) => site.name === name)) this.traffic.delete(name);
    this.#tell("traffic");
  }

  #sample(site, now) {
    const before = this.#counters.get(site.name);
    if (before && now - before.now < 1) return;
    this.#counters.set(site.name, { ...site.traffic, now });
    const samples = this.traffic.get(site.name) ?? [];
    this.traffic.set(site.name, samples);
    if (!before || site.traffic.requests < before.requests) return; // the first look, or the proxy began anew
    const [span, requests] = [now - before.now, site.traffic.requests - before.requests];
    samples.push({
      at: now,
      perSecond: requests / span,
      errorsPerSecond: (site.traffic.errors - before.errors) / span,
      seconds: requests ? (site.traffic.seconds - before.seconds) / requests : null,
    });
    if (samples.length > SAMPLES) samples.shift();
  }

  async #catchUp() {
    while (this.stream === "locked") await new Promise((done) => setTimeout(done, 200));
    const status = await ask("/api/status");
    const isNew = status.started_at !== this.#started;
    if (isNew) {
      const { events, last } = await ask(`/api/events?limit=${AT_ONCE}`);
      this.#started = status.started_at;
      this.#last = last;
      this.events = events.map(({ sequence, record }) => filed(sequence, record));
      this.#tell("events");
    }
    return this.#last;
  }

  #add(sequence, record) {
    if (sequence <= this.#last) return;
    this.#last = sequence;
    const event = filed(sequence, record);
    this.events.push(event);
    if (this.events.length > EVENTS) this.events.splice(0, this.events.length - EVENTS);
    this.#tell("event", event);
    this.#soon ??= setTimeout(() => this.#tellEvents(), SOON);
  }

  /** Tell of the events that came together, and ask what they have changed. */
  #tellEvents() {
    this.#tell("events");
    const wait = this.#asked + PAUSE - performance.now();
    this.#soon = wait > 0 ? setTimeout(() => this.#tellEvents(), wait) : null;
    if (this.#soon === null && !document.hidden) this.refresh();
  }

  #turn(word, error) {
    const isLocked = word === "locked" || (error instanceof Refusal && error.status === 401);
    const wanted = isLocked ? "locked" : word;
    if (wanted === this.stream || (this.stream === "locked" && wanted === "lost")) return;
    this.stream = wanted;
    if (isLocked) this.#forget();
    this.#tell("facts");
  }

  /** Forget what was told to somebody who had the token. */
  #forget() {
    Object.assign(this, { status: null, sites: [], servers: [], verdicts: [], trust: null, standings: [], events: [] });
    this.#started = null;
    this.traffic.clear();
    this.#counters.clear();
    this.#tell("traffic");
    this.#tell("events");
  }
}

function filed(sequence, record) {
  return { sequence, at: toDate(record["@timestamp"]).getTime(), kind: kindOf(record), site: record["casproxy.site"] ?? "", record };
}
