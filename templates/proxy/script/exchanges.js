
// ---- what passed ----
/** Exchanges that have ended, oldest first; as many as the proxy remembers. */
const all = [];
const byId = new Map();
/** Exchanges that are on their way. */
const running = new Map();
const searched = new Map();
const recorded = new Map();
let info = {};
const mostExchanges = 10000;

/** Whether the page is a file with its record in it, an element for each exchange. */
const report = document.querySelector('meta[name=report]') != null;
const reportElements = new Map();

const requestOf = x => x.request || {};
const answerOf = x => x.answer || {};
const isRunning = x => x.ending === 'running';
const startOf = x => x.start ??= Date.parse(x.at) * 1000;
const firstOf = x => x.firstToken ?? x.firstByte;
const find = id => byId.get(id) || running.get(id);

function promptTokens(x) {
  const a = answerOf(x);
  return a.inputTokens == null && a.cacheRead == null ? null : (a.inputTokens || 0) + (a.cacheRead || 0) + (a.cacheCreated || 0);
}

function speed(x) {
  const n = answerOf(x).outputTokens;
  return n > 1 && x.firstToken != null && x.end > x.firstToken ? (n - 1) * 1e6 / (x.end - x.firstToken) : null;
}

const differs = x => Boolean(x.prefix && x.prefix.broken && x.prefix.kept < x.prefix.total);

/** Whether the engine says that it had more of the prompt than the two have in common: it gives that part to no model. */
function isKeptAnyway(x) {
  const cached = answerOf(x).cacheRead;
  return cached != null && differs(x) && cached / promptTokens(x) > x.prefix.kept / x.prefix.total + .1;
}

const breaksCache = x => differs(x) && !isKeptAnyway(x);

/** How long others that had come before kept the engine busy: those that ended before this one's first token. */
function queueOf(x) {
  if (x.queue != null && !isRunning(x)) return x.queue;
  const begin = startOf(x), first = begin + (firstOf(x) ?? x.end);
  let end = begin;
  if (x.others) {
    // Exchanges are in the order in which they ended, nearly that in which they began.
    const place = isRunning(x) ? all.length : all.indexOf(x);
    for (let i = Math.max(0, place - 256); i < Math.min(all.length, place + 256); i++) {
      const y = all[i], done = startOf(y) + y.end;
      if (y !== x && startOf(y) < begin && y.firstToken != null && done > begin && done <= first) end = Math.max(end, done);
    }
  }
  return x.queue = end - begin;
}

/** Where the time went: name, microseconds, colour. */
function timing(x) {
  const first = firstOf(x), queue = queueOf(x), rest = Math.max(0, x.end - (first ?? x.end));
  const parts = queue > 0 ? [['queue', queue, 'queue']] : [];
  // An answer that came at once does not tell how long the prompt took.
  if (x.firstToken == null) return [...parts, [isRunning(x) && requestOf(x).kind ? 'prompt evaluation' : 'waiting for the answer', (first ?? x.end) - queue, isRunning(x) ? 'toolset' : 'rest'], ...(rest > 0 ? [['answer', rest, 'messages']] : [])];
  return [...parts, ['prompt evaluation', first - queue, 'toolset'], ['generation', rest, 'messages']];
}

/** What a person should know of an exchange: a sentence, a word for the list, whether it is an error. */
function warnings(x) {
  if (x.warned && !isRunning(x)) return x.warned;
  const found = [], a = answerOf(x);
  if (a.error) found.push([a.error, 'error', true]);
  if (x.ending !== 'complete' && !isRunning(x)) found.push([`This exchange did not end by itself: ${x.ending}.`, x.ending, true]);
  if (a.cut) {
    found.push([`The prompt was cut. The engine read ${count(promptTokens(x))} tokens of about ${count(sentTokens(x))} that were sent: the `
      + 'prompt is longer than the model’s context, and the engine said nothing of it. Give the model a larger context: '
      + `ccl-setup context ${requestOf(x).model || 'MODEL'} 64k`, 'cut']);
  }
  if (breaksCache(x)) {
    found.push([`The prefix cache is destroyed: this prompt differs from #${x.prefix.previous} in ${x.prefix.place || x.prefix.broken}`
      + (x.prefix.header ? `, the header ${x.prefix.header}` : '') + `. ${percent(x.prefix.kept, x.prefix.total)} of it are kept.`, 'cache lost']);
  }
  if (x.repaired) found.push([`The base URL is wrong: ${x.target} went to ${x.repaired}. ANTHROPIC_BASE_URL must end before /v1.`, 'wrong URL']);
  if (a.unfinished && x.ending === 'complete') found.push(['The stream ended without message_stop: the model’s process may have died.', 'unfinished']);
  if (x.remark) found.push([x.remark, 'remark']);
  return x.warned = found;
}

/** What the engine should have read: what it announced, or a token for each four bytes. */
const sentTokens = x => Math.max(answerOf(x).announcedTokens || 0, Math.round(x.requestSize / 4));

/** What a search looks through. */
function wordsOf(x) {
  const q = requestOf(x), a = answerOf(x);
  return ['#' + x.id, x.method, x.target, x.repaired, x.status, x.ending, q.model, q.kind === 'agent' ? 'subagent' : q.kind, q.session, q.thread,
    a.model, a.stop, a.error, ...(a.called || []), ...warnings(x).flat()].join(' ').toLowerCase();
}

function add(x) {
  running.delete(x.id);
  if (byId.has(x.id)) return;
  byId.set(x.id, x);
  all.push(x);
  recorded.delete(x.id);
  searched.set(x.id, wordsOf(x));
  if (all.length > mostExchanges) {
    const old = all.shift();
    byId.delete(old.id);
    searched.delete(old.id);
  }
}

// ---- where it comes from ----
/** An exchange with its headers and bodies. */
async function whole(id) {
  if (recorded.has(id)) return recorded.get(id);
  let x;
  if (report) {
    x = JSON.parse(reportElements.get(id).textContent);
  } else {
    const answer = await fetch('/_proxy/exchange/' + id);
    if (!answer.ok) throw Error(await answer.text());
    x = await answer.json();
  }
  for (const part of [x.sent, x.received]) {
    if (!part) continue;
    if (part.base64 != null) part.body = decoder.decode(Uint8Array.from(atob(part.base64), c => c.charCodeAt(0)));
    try { part.json = JSON.parse(part.body); } catch { part.json = null; }
  }
  if (isRunning(x)) return x;
  recorded.set(id, x);
  if (recorded.size > 24) recorded.delete(recorded.keys().next().value);
  return x;
}

function readReport() {
  for (const element of document.querySelectorAll('script.recorded')) {
    const line = element.textContent, end = line.indexOf(',"sent":');
    if (end < 0) continue;
    try {
      const x = JSON.parse(line.slice(0, end) + '}');
      reportElements.set(x.id, element);
      add(x);
    } catch { /* A line that was cut short. */ }
  }
  $('exports').hidden = true;
  document.title = 'A report of ' + plural(all.length, 'request');
  state('a report of ' + plural(all.length, 'request'), '');
  refresh();
}

async function load() {
  const last = all.reduce((most, x) => Math.max(most, x.id), 0);
  info = await (await fetch('/_proxy/list?after=' + Math.max(0, last - 200))).json();
  info.exchanges.forEach(add);
  info.exchanges = null;
  $('notice').hidden = !info.stopped;
  if (info.stopped) $('notice').textContent = 'The recording has stopped: ' + info.stopped + '. Requests pass as before.';
  unpressed(refresh);
}

function listen() {
  const feed = new EventSource('/_proxy/feed?running=1');
  feed.onopen = () => load().then(() => state('live', 'live', ', before ' + info.upstream.replace(/^https?:\/\//, '')));
  feed.onmessage = event => {
    const x = JSON.parse(event.data);
    add(x);
    later();
    if (x.id === picked) drawAgain();
  };
  feed.addEventListener('running', event => {
    const x = JSON.parse(event.data);
    if (byId.has(x.id)) return;
    running.set(x.id, x);
    later();
    if (x.id === picked) drawAgain();
  });
  feed.onerror = () => { running.clear(); state('the proxy does not answer', 'off'); unpressed(refresh); };
}

function state(text, kind, more = '') {
  $('state').replaceChildren(kind && h('span', { class: 'dot ' + kind, 'aria-hidden': 'true' }), text, h('span', { class: 'wide' }, more));
  $('state').title = text + more;
}
