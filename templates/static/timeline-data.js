// What a timeline knows: answers of the API by range, asked for as the view moves.

const longest = 31 * 86400e3;
const most = 16;
const refreshed = 4000;

function list(spans, end) {
  return spans.map((span) => ({ ...span, from: Date.parse(span.from), to: span.to === null ? end : Date.parse(span.to), lasts: span.to === null }));
}

class Answer {
  constructor(json, asked, now) {
    [this.from, this.to] = [Date.parse(json.from), Date.parse(json.to)];
    this.asked = asked;
    this.at = now;
    for (const name of ["wanted", "covered", "gaps", "unexplained", "waiting", "held", "lost", "expired"]) {
      this[name] = list(json[name] ?? [], this.to);
    }
  }

  /** True if the view lies in it, and it is as fine as asked. */
  serves(from, to, resolution) {
    return this.asked.from <= from && this.asked.to >= to && this.asked.resolution <= 2 * resolution;
  }
}

export class TimelineData {
  /** `changed` is called when an answer came, `failed` with a sentence for people, or null when all is well again. */
  constructor(changed, failed) {
    Object.assign(this, { changed, failed, source: null, answers: [], running: null, timer: 0, wanted: null });
  }

  set address(source) {
    if (this.source === source) return;
    this.stop();
    this.answers = [];
    this.source = source;
  }

  /** The answers for a view, the coarse ones first. */
  parts(from, to) {
    return this.answers.filter((answer) => answer.asked.from < to && answer.asked.to > from)
      .sort((one, other) => other.asked.resolution - one.asked.resolution || one.at - other.at);
  }

  /** The answer that has all of a view. */
  best(from, to) {
    return this.parts(from, to).filter((answer) => answer.asked.from <= from && answer.asked.to >= to).at(-1) ?? null;
  }

  /** Asks for a view after a moment, and gives up what was asked for before. */
  need(from, to, width, now) {
    const resolution = Math.floor((to - from) / Math.max(width, 100));
    const answer = this.best(from, to);
    const isFresh = answer?.serves(from, to, resolution) && (to <= answer.to || now - answer.at < refreshed || answer.asked.to < now - 600e3);
    clearTimeout(this.timer);
    if (isFresh || !this.source) return;
    // A view that only moves on keeps its request.
    if (this.wanted && this.wanted.from <= from && this.wanted.to >= to && this.wanted.resolution <= 2 * resolution) return;
    const margin = Math.min((to - from) / 2, (longest - (to - from)) / 2);
    const asked = { from: Math.floor(from - margin), to: Math.min(Math.ceil(to + margin), Math.max(now, Math.ceil(to))), resolution };
    this.timer = setTimeout(() => this.ask(asked), answer ? 150 : 60);
  }

  async ask(asked) {
    this.running?.abort();
    const control = new AbortController();
    this.running = control;
    this.wanted = asked;
    const query = new URLSearchParams({
      from: new Date(asked.from).toISOString(), to: new Date(asked.to).toISOString(), resolution: Math.min(asked.resolution, 86400000),
    });
    const clock = setTimeout(() => control.abort(), 10000);
    try {
      const response = await fetch(`${this.source}?${query}`, { headers: { accept: "application/json" }, signal: control.signal });
      if (!response.ok) return this.failed(await TimelineData.problem(response));
      const answer = new Answer(await response.json(), asked, Date.now());
      this.answers = [...this.answers.filter((one) => one.asked.from < asked.from || one.asked.to > asked.to || one.asked.resolution < asked.resolution), answer].slice(-most);
      this.failed(null);
      this.changed();
    } catch {
      if (this.running === control) this.failed("No answer from the server; trying again.");
    } finally {
      clearTimeout(clock);
      if (this.running === control) this.running = this.wanted = null;
    }
  }

  static async problem(response) {
    if (response.status === 401) return "You are signed out. Load the page again.";
    if (response.status === 404) return "There is no such camera.";
    const problem = await response.json().catch(() => null);
    return problem?.detail ?? `The server answers ${response.status}.`;
  }

  stop() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = this.wanted = null;
  }
}
