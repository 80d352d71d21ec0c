
// ---- the raw events on a time axis ----
/** The events of a stream, each with the microseconds after which it was there. */
function eventsOf(full) {
  const part = full.received || {};
  if (part.events) return part.events;
  const found = part.events = [], body = part.body || '', marks = part.marks || [];
  if (!/(^|\n)(event|data):/.test(body.slice(0, 4000))) return found;
  let place = 0, offset = 0, mark = 0;
  while (place < body.length) {
    let end = body.indexOf('\n\n', place);
    end = end < 0 ? body.length : end + 2;
    const text = body.slice(place, end), event = { type: '', data: '', at: 0 };
    for (const line of text.split('\n')) {
      if (line.startsWith('event:')) event.type = line.slice(6).trim();
      else if (line.startsWith('data:')) event.data += line.slice(5).trim();
    }
    offset += bytesOf(text);
    while (mark < marks.length - 1 && marks[mark][0] < offset) mark++;
    event.at = marks.length ? marks[mark][1] : 0;
    try { event.json = JSON.parse(event.data); event.type ||= event.json.type || ''; } catch { event.json = null; }
    if (event.data || event.type) found.push(event);
    place = end;
  }
  return found;
}

views.events = (x, full) => {
  const events = eventsOf(full);
  if (!events.length) return note(isRunning(x) ? 'Nothing has come yet.' : 'This answer is not a stream of events.');
  const gaps = events.map((event, i) => event.at - (i ? events[i - 1].at : 0)), longest = Math.max(0, gaps.slice(1).reduce((a, b) => Math.max(a, b), 0));
  const canvas = h('canvas', { role: 'img', 'aria-label': `${plural(events.length, 'event')} in ${time(x.end)}; the list below has each of them` });
  const frame = h('div', { class: 'scroll events', tabindex: '0', role: 'region', 'aria-label': 'Events' });
  const rows = new VirtualList(frame, 26, (event, i) => h('div', { class: 'row' },
    h('span', { class: 'number mono' }, time(event.at)), h('span', { class: 'number mono soft' }, i ? '+' + time(gaps[i]) : ''),
    h('span', {}, event.type), h('span', { class: 'mono soft', title: event.data.slice(0, 2000) }, said(event) || event.data.slice(0, 300)),
    h('span', { class: 'mono brief' }, said(event) || event.type)));
  new ResizeObserver(() => canvas.isConnected && axis(canvas, events, x)).observe(canvas);
  rows.set(events);
  return [
    h('h3', {}, `${plural(events.length, 'event')}; the longest pause between two is ${time(longest)}`),
    canvas,
    h('ul', { class: 'legend' }, h('li', {}, h('i', { class: 'toolset' }), 'until the first token'), h('li', {}, h('i', { class: 'messages' }), 'a piece of content'), h('li', {}, h('i', { class: 'system' }), 'any other event')),
    frame,
  ];
};

/** What an event adds to the answer. */
function said(event) {
  const delta = (event.json || {}).delta || {};
  const text = delta.text ?? delta.thinking ?? delta.partial_json;
  return text == null ? '' : JSON.stringify(text);
}

function axis(canvas, events, x) {
  const { width, height } = canvas.getBoundingClientRect(), scale = devicePixelRatio || 1, c = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement), color = name => style.getPropertyValue(name);
  canvas.width = width * scale;
  canvas.height = height * scale;
  c.scale(scale, scale);
  const floor = height - 24, to = at => 10 + (width - 20) * at / (x.end || 1);
  c.font = '11px system-ui, sans-serif';
  const ticks = width < 500 ? 2 : 4;
  for (let i = 0; i <= ticks; i++) {
    const at = x.end * i / ticks, label = time(Math.round(at)), w = c.measureText(label).width;
    c.fillStyle = color('--line');
    c.fillRect(to(at), 8, 1, floor - 4);
    c.fillStyle = color('--soft');
    c.fillText(label, Math.max(4, Math.min(to(at) - w / 2, width - 4 - w)), height - 7);
  }
  if (x.firstToken != null) {
    c.fillStyle = color('--tools');
    c.globalAlpha = .2;
    c.fillRect(to(0), 8, to(x.firstToken) - to(0), floor - 8);
    c.globalAlpha = 1;
  }
  for (const event of events) {
    const isContent = event.type === 'content_block_delta';
    c.fillStyle = color(isContent ? '--messages' : '--system');
    c.fillRect(to(event.at), isContent ? 26 : 10, 1.5, floor - (isContent ? 26 : 10));
  }
}
