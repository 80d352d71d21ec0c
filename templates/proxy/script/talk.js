
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

const mostSessions = 50, mostLines = 100;
const kindName = kind => kind === 'agent' ? 'subagent' : kind === 'chat' ? 'main' : kind;

function drawTalk() {
  const found = sessions(), focus = document.activeElement.dataset.id, top = $('talk').scrollTop;
  $('talk').replaceChildren(
    ...found.slice(0, mostSessions).map(([name, threads]) => session(name, [...threads.values()])),
    found.length > mostSessions ? note(`${count(found.length - mostSessions)} earlier sessions are not shown; search narrows them down.`)
      : found.length ? '' : note('No conversation is here.'));
  const line = focus && document.querySelector(`.line[data-id="${focus}"]`);
  if (line) line.focus({ preventScroll: true });
  $('talk').scrollTop = top;
}

function session(name, threads) {
  const every = threads.flat(), begin = Math.min(...every.map(startOf)), end = Math.max(...every.map(x => startOf(x) + x.end));
  const subagents = threads.filter(xs => requestOf(xs[0]).kind === 'agent').length;
  return h('section', { class: 'session', 'aria-label': 'Session ' + (name.slice(0, 8) || 'without a name') },
    h('h2', {}, name ? 'Session ' + name.slice(0, 8) : 'Without a session', h('span', { class: 'soft' },
      [plural(every.length, 'request'), subagents && plural(subagents, 'subagent'), time(end - begin)].filter(Boolean).join(', '))),
    every.length > 1 && end - begin < 36e8 && lanes(threads.slice(0, 12), begin, end), threads.map(thread));
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
    xs.slice(-mostLines).map(x => h('button', { class: 'line', 'data-id': x.id, 'aria-current': x.id === picked, onclick: () => pick(x.id, true) },
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
