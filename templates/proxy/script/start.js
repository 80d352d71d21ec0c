
// ---- keys, colours, and the beginning ----
function paint(theme) {
  document.documentElement.dataset.theme = theme;
  if (picked != null && tab === 'events') draw();
}

function chooseTheme() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  chosen = theme;
  try { localStorage.theme = theme; } catch { /* A file may have no storage: the choice ends with the page. */ }
  paint(theme);
}

function move(step) {
  if (!shown.length) return;
  const i = shown.findIndex(x => x.id === picked);
  pick(shown[Math.max(0, Math.min(shown.length - 1, i < 0 ? 0 : i + step))].id);
}

function moveInThread(step) {
  const x = find(picked);
  if (!x) return;
  const xs = all.filter(y => requestOf(y).thread === requestOf(x).thread).sort((a, b) => a.id - b.id), next = xs[xs.indexOf(x) + step];
  if (next) pick(next.id);
}

const keys = {
  j: () => move(1), k: () => move(-1), '/': () => { leave(); $('search').focus(); }, '?': () => $('keys').showModal(),
  c: () => toggleTalk($('talk').hidden), d: chooseTheme, '[': () => moveInThread(-1), ']': () => moveInThread(1),
};
const listKeys = {
  ArrowDown: () => move(1), ArrowUp: () => move(-1), PageDown: () => move(12), PageUp: () => move(-12),
  Home: () => shown.length && pick(shown[0].id), End: () => shown.length && pick(shown[shown.length - 1].id),
  Enter: () => { if (picked == null) move(0); $('detail').focus(); },
};
tabs.forEach(([key], i) => { keys[i + 1] = () => show(key); });

addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $('keys').open) return;
  const target = event.target, inField = /INPUT|SELECT|TEXTAREA/.test(target.tagName);
  let act;
  if (event.key === 'Escape') {
    act = () => {
      if (target === $('search')) $('search').value = '';
      $('exports').open = false;
      refresh();
      leave();
    };
  } else if (target === $('search') && (event.key === 'ArrowDown' || event.key === 'Enter')) {
    act = () => { $('list').focus(); move(0); };
  } else if (inField) {
    return;
  } else if (target.getAttribute && target.getAttribute('role') === 'tab' && /^Arrow(Left|Right)$/.test(event.key)) {
    const i = tabs.findIndex(([key]) => key === tab), step = event.key === 'ArrowRight' ? 1 : tabs.length - 1;
    act = () => show(tabs[(i + step) % tabs.length][0], true);
  } else {
    act = keys[event.key] || (target === $('list') || target === document.body ? listKeys[event.key] : null);
  }
  if (!act) return;
  event.preventDefault();
  act();
});

$('theme').onclick = chooseTheme;
$('help').onclick = () => $('keys').showModal();
$('search').oninput = refresh;
$('filter').onchange = refresh;
$('clear').onclick = () => { $('search').value = $('filter').value = ''; refresh(); };
$('viewList').onclick = () => toggleTalk(false);
$('viewTalk').onclick = () => toggleTalk(true);
addEventListener('click', event => { if (!$('exports').contains(event.target)) $('exports').open = false; });

const dark = matchMedia('(prefers-color-scheme: dark)');
let chosen = null;
try { chosen = localStorage.theme; } catch { /* No storage: the system's choice. */ }
paint(chosen || (dark.matches ? 'dark' : 'light'));
dark.addEventListener('change', () => { if (!chosen) paint(dark.matches ? 'dark' : 'light'); });
// What is on its way grows older.
setInterval(() => {
  if (!running.size) return;
  for (const x of running.values()) x.end = Math.max(x.end, Math.round(Date.now() * 1000 - startOf(x)));
  unpressed(() => list.render());
}, 500);

async function start() {
  if (report) readReport();
  else { await load(); listen(); }
  const id = Number(location.hash.slice(1));
  if (byId.has(id)) pick(id);
}
start().catch(error => state('cannot read: ' + error.message, 'off'));
