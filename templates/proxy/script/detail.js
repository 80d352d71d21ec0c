
// ---- one request ----
const tabs = [['overview', 'Overview'], ['anatomy', 'Anatomy'], ['answer', 'Answer'], ['difference', 'Difference'], ['events', 'Events'], ['raw', 'Raw']];
/** What each tab shows: a function of the exchange and of it with its bodies. */
const views = {};
let tab = 'overview';
let drawing = 0;

async function draw() {
  const x = find(picked);
  if (!x) return;
  const turn = ++drawing;
  const panel = h('div', { role: 'tabpanel', id: 'panel', 'aria-labelledby': 't-' + tab, tabindex: '0' });
  let full = x;
  try {
    full = await whole(x.id);
    panel.append(...[await views[tab](x, full)].flat(Infinity).filter(Boolean));
  } catch (error) {
    panel.append(box('warn', 'This cannot be shown: ' + error.message));
  }
  // Another request has been picked meanwhile.
  if (turn !== drawing) return;
  $('detail').replaceChildren(
    h('button', { class: 'back', onclick: leave }, '← All requests'),
    h('h2', { class: 'title' }, h('span', {}, `#${x.id} ${requestOf(x).model || x.method}`), h('span', { class: 'soft mono' }, x.target)),
    // The difference tells of the cache itself, and more of it.
    ...warnings(x).filter(w => tab !== 'difference' || w[1] !== 'cache lost').map(w => box(w[2] ? 'bad' : 'warn', w[0])),
    h('div', { role: 'tablist', 'aria-label': 'Sides of this request' }, tabs.map(([key, name]) => h('button',
      { role: 'tab', id: 't-' + key, 'aria-selected': String(tab === key), 'aria-controls': 'panel', tabindex: tab === key ? '0' : '-1', onclick: () => show(key, true) }, name))),
    panel);
  panel.dispatchEvent(new Event('shown'));
}

let again = false;
/** Draws what is being read once more, because it grew; what was opened or scrolled stays so. */
function drawAgain() {
  if (again) return;
  again = true;
  setTimeout(() => unpressed(async () => {
    again = false;
    const top = $('detail').scrollTop, focus = document.activeElement && document.activeElement.id;
    const open = [...$('detail').querySelectorAll('details')].map(part => part.open);
    await draw();
    [...$('detail').querySelectorAll('details')].forEach((part, i) => { part.open = open[i] ?? part.open; });
    $('detail').scrollTop = top;
    if (focus && $(focus)) $(focus).focus({ preventScroll: true });
  }), 200);
}

function show(key, focus) {
  tab = key;
  return draw().then(() => focus && $('t-' + key).focus({ preventScroll: true }));
}

function leave() {
  $('main').classList.remove('reading');
  ($('talk').hidden ? $('list') : $('talk')).focus();
}

/** A bar of parts, each [name, amount, colour, words], and what its colours mean. */
function bar(parts) {
  const total = sum(parts, part => part[1]) || 1;
  return [
    h('div', { class: 'bar', role: 'img', 'aria-label': parts.map(part => part[0] + ' ' + part[3]).join(', ') },
      parts.map(part => h('i', { class: part[2], style: { width: 100 * part[1] / total + '%' }, title: part[0] + ': ' + part[3] }))),
    h('ul', { class: 'legend' }, parts.map(part => h('li', {}, h('i', { class: part[2] }), part[0] + ' ', h('b', {}, part[3])))),
  ];
}

views.overview = (x, full) => {
  const queue = queueOf(x), a = answerOf(x), q = requestOf(x), tokens = promptTokens(x), sent = (full.sent || {}).json || {};
  const evaluated = tokens != null ? tokens - (a.cacheRead || 0) : null;
  const figure = (value, name) => value == null || value === '' ? [] : h('div', { class: 'figure' }, h('b', {}, value), h('span', {}, name));
  const fact = (name, value) => value == null || value === '' ? [] : [h('dt', {}, name), h('dd', {}, value)];
  return [
    h('h3', {}, 'Where the time went'),
    bar(timing(x).map(part => [...part, time(part[1])])),
    queue > 0 && note('The queue is the time in which requests that had come before were still being answered.'),
    h('div', { class: 'figures' },
      figure(isRunning(x) ? null : time(x.end), 'in all'),
      figure(x.firstToken != null ? time(x.firstToken) : null, 'to the first token'),
      figure(tokens != null ? count(tokens) : null, 'prompt tokens'),
      figure(a.cacheRead != null ? percent(a.cacheRead, tokens) : null, 'from the cache'),
      figure(evaluated && x.firstToken > queue ? count(Math.round(evaluated * 1e6 / (x.firstToken - queue))) + ' tok/s' : null, 'prompt evaluation'),
      figure(a.outputTokens != null ? count(a.outputTokens) : null, 'answer tokens'),
      figure(speed(x) ? speed(x).toFixed(1) + ' tok/s' : null, 'generation')),
    x.prefix && (breaksCache(x)
      ? box('warn', `Begins like #${x.prefix.previous} for ${percent(x.prefix.kept, x.prefix.total)} of its bytes. `, h('button', { onclick: () => show('difference', true) }, 'See the first byte that differs'))
      : isKeptAnyway(x) ? box('good', `Differs from #${x.prefix.previous} in ${x.prefix.header || x.prefix.place || x.prefix.broken}, but the engine had ${percent(a.cacheRead, tokens)} of it in its cache. `, h('button', { onclick: () => show('difference', true) }, 'See the first byte that differs'))
      : box('good', `Continues #${x.prefix.previous}: that whole prompt is the beginning of this one, so the prefix cache is kept.`)),
    h('h3', {}, 'What it was'),
    h('dl', {},
      fact('began', moment(x)), fact('status', x.status), fact('ended', isRunning(x) ? 'not yet' : x.ending),
      fact('stop reason', a.stop), fact('tools called', a.called && a.called.length ? tally(a.called) : null),
      fact('kind', q.kind === 'agent' ? 'subagent' : q.kind), fact('messages', sent.messages && listOf(sent.messages).length),
      fact('tools offered', sent.tools && listOf(sent.tools).length), fact('max_tokens', q.maxTokens != null ? count(q.maxTokens) : null),
      fact('request', x.requestSize ? size(x.requestSize) : 'no body'), fact('answer', size(x.responseSize)),
      fact('first byte', time(x.firstByte)), fact('others on their way', x.others || null),
      fact('session', q.session), fact('conversation', q.thread), fact('from', x.client)),
  ];
};

views.raw = (x, full) => {
  const side = (name, part) => part && [
    h('h3', {}, name),
    h('table', { class: 'headers' }, h('tbody', {}, (part.headers || []).map(field => h('tr', {}, h('th', { scope: 'row' }, field[0]), h('td', { class: 'mono' }, field[1]))))),
    part.truncated && box('warn', 'Only the first ' + size(info.bodyLimit || bytesOf(part.body || '')) + ' were recorded.'),
    part.leftOut ? note(`The body is compressed (${part.leftOut}). It is not recorded, since keys in it could not be taken out.`) : part.body ? code(part.json ? pretty(part.json) : part.body.slice(0, 2e6)) : note('no body'),
  ];
  const body = (full.sent || {}).body;
  return [
    !full.sent && note('Headers and bodies are not there: nothing is recorded, or the record’s file has been rotated away since.'),
    side('Sent', full.sent), side('Received', full.received),
    body && navigator.clipboard && h('button', { onclick: () => navigator.clipboard.writeText(body) }, 'Copy the request’s body'),
  ];
};
