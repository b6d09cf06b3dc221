'use strict';
const grid = document.getElementById('grid');
const body = grid.tBodies[0];
const rows = Array.from(body.rows);
const field = id => document.getElementById(id);

function filter() {
  const name = field('name').value.toLowerCase();
  const verdict = field('verdict').value;
  const stage = field('stage').value;
  let shown = 0;
  for (const row of rows) {
    const cell = stage ? row.querySelector(`[data-stage="${stage}"]`) : row;
    row.hidden = !row.cells[0].dataset.value.toLowerCase().includes(name) || verdict !== '' && cell.dataset.verdict !== verdict;
    if (!row.hidden) shown++;
  }
  const said = field('shown');
  said.value = `${shown} ${said.dataset.of} ${rows.length} ${said.dataset.shown}`;
}

function sort(header, column) {
  const down = header.getAttribute('aria-sort') === 'ascending';
  for (const other of grid.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const value = row => row.cells[column].dataset.value;
  const compare = header.dataset.sort === 'number' ? (a, b) => value(a) - value(b) : (a, b) => value(a).localeCompare(value(b));
  body.append(...rows.toSorted((a, b) => down ? compare(b, a) : compare(a, b)));
}

Array.from(grid.tHead.rows[0].cells).forEach((header, column) => {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...header.childNodes);
  button.addEventListener('click', () => sort(header, column));
  header.append(button);
});
field('filters').addEventListener('input', filter);
field('filters').addEventListener('submit', event => event.preventDefault());
field('filters').hidden = false;
filter();
