
// ---- conversations ----
/** Sessions, the newest first: in each its conversations, and in those their exchanges. */
function sessions() {
  const found = new Map();
  for (const x of [...all, ...running.values()]) {
    const { session = '', thread } = requestOf(x);
    if (!thread || !matches(x)) continue;
    if (!found.has(session)) found.set(session, new Map());
    const threads = found.get(session);
    if (!threads.has(thread)) threads.set(thread, []);
    threads.get(thread).push(x);
  }
  for (const threads of found.values()) for (const xs of threads.values()) xs.sort((a, b) => a.id - b.id);
  return [...found].reverse();
}

const mostSessions = 50, mostLines = 100, mostShown = 1500;
const kindName = kind => kind === 'agent' ? 'subagent' : kind === 'chat' ? 'main' : kind;

/** What is drawn already, with what it was drawn of: a request that ends changes its own conversation only. */
const drawn = new Map();
function once(key, xs, make) {
  const of = xs.map(x => isRunning(x) ? x.id + ':' + x.end : x.id).join(), old = drawn.get(key);
  if (old && old.of === of) return old.element;
  if (drawn.size > 5000) drawn.clear();
  const element = make();
  drawn.set(key, { of, element });
  return element;
}

/** Makes these the children of a frame, and touches only those that are not there yet. */
function arrange(frame, elements) {
  elements.forEach((element, i) => { if (frame.children[i] !== element) frame.insertBefore(element, frame.children[i] || null); });
  while (frame.children.length > elements.length) frame.lastChild.remove();
}

function drawTalk() {
  const found = sessions(), focus = document.activeElement.dataset.id, top = $('talk').scrollTop;
  let lines = 0;
  const near = found.findIndex(([, threads], i) => {
    const isFull = i === mostSessions || lines > mostShown;
    for (const xs of threads.values()) lines += Math.min(xs.length, mostLines);
    return isFull;
  });
  const shown = near < 0 ? found : found.slice(0, near);
  arrange($('talk'), [
    ...shown.map(([name, threads]) => once('session ' + name, [...threads.values()].flat(), () => session(name, [...threads.values()]))),
    ...found.length > shown.length ? [note(`${count(found.length - shown.length)} earlier sessions are not shown; search narrows them down.`)]
      : found.length ? [] : [note('No conversation is here.')],
  ]);
  markLines();
  const line = focus && document.querySelector(`.line[data-id="${focus}"]`);
  if (line) line.focus({ preventScroll: true });
  $('talk').scrollTop = top;
}

function markLines() {
  for (const line of document.querySelectorAll('.line')) line.toggleAttribute('aria-current', line.dataset.id === String(picked));
}

function session(name, threads) {
  const every = threads.flat(), begin = Math.min(...every.map(startOf)), end = Math.max(...every.map(x => startOf(x) + x.end));
  const subagents = threads.filter(xs => requestOf(xs[0]).kind === 'agent').length;
  return h('section', { class: 'session', 'aria-label': 'Session ' + (name.slice(0, 8) || 'without a name') },
    h('h2', {}, name ? 'Session ' + name.slice(0, 8) : 'Without a session', h('span', { class: 'soft' },
      [plural(every.length, 'request'), subagents && plural(subagents, 'subagent'), time(end - begin)].filter(Boolean).join(', '))),
    every.length > 1 && end - begin < 36e8 && lanes(threads.slice(0, 12), begin, end),
    threads.map(xs => once(`thread ${name} ${requestOf(xs[0]).thread}`, xs, () => thread(xs))));
}

/** Who was busy when. The list below it says the same in words. */
function lanes(threads, begin, end) {
  const place = x => ({ left: 100 * (startOf(x) - begin) / (end - begin) + '%', width: 100 * x.end / (end - begin) + '%' });
  return h('div', { class: 'lanes', 'aria-hidden': 'true' }, threads.map(xs => [
    h('span', { class: 'soft' }, kindName(requestOf(xs[0]).kind)),
    h('div', { class: 'lane' }, xs.slice(-mostLines).map(x => h('i', { style: place(x), title: `#${x.id} ${time(x.end)}` },
      timing(x).map(part => h('u', { class: part[2], style: { width: 100 * part[1] / (x.end || 1) + '%' } }))))),
  ]));
}

function thread(xs) {
  const kind = requestOf(xs[0]).kind;
  return h('div', { class: 'thread' + (kind === 'agent' ? ' sub' : '') },
    h('div', {}, h('b', {}, kindName(kind)), requestOf(xs[0]).model, h('span', { class: 'soft' },
      `${plural(xs.length, 'request')}, ${count(sum(xs, x => answerOf(x).outputTokens || 0))} tokens answered`)),
    xs.length > mostLines && note(`The last ${mostLines} of them:`),
    xs.slice(-mostLines).map(x => h('button', { class: 'line', 'data-id': x.id, onclick: () => pick(x.id, true) },
      h('span', { class: 'mono soft' }, clock(x)),
      h('span', {}, isRunning(x) ? statusOf(x) : answerOf(x).stop || x.status || x.ending, tags({ ...x, request: {} })),
      h('span', { class: 'number soft' }, [promptTokens(x) != null && count(promptTokens(x)) + ' tok', time(x.end)].filter(Boolean).join(', ')))));
}

function toggleTalk(on) {
  $('talk').hidden = !on;
  document.querySelector('.heads').hidden = on;
  $('viewList').setAttribute('aria-pressed', String(!on));
  $('viewTalk').setAttribute('aria-pressed', String(on));
  refresh();
}
