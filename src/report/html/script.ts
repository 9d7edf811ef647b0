/** Script of the page: enlarge, list, search, filter, sort. The page can be read without it. */
export const script = `
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties = {}, children = []) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const only = $('#only'), order = $('#order'), search = $('#search'), dialog = $('dialog');
  const list = $('#clusters'), found = $('#found'), wall = $('.wall');
  const CHUNK = 200;
  const count = (number) => number.toLocaleString('en-US');
  for (const control of all('[hidden]', $('.bar'))) control.hidden = false;

  const members = $('#members');
  const { root, ids, pages } = members ? JSON.parse(members.textContent) : { ids: [] };
  // A page has the address of its file. Bytes of a name that are no text are written \\xHH.
  const fileOf = (id) => (pages ? id.replace(/#\\d+$/, '') : id);
  const part = (name) => encodeURIComponent(name).replace(/%5Cx([0-9A-F]{2})/g, '%$1');
  const address = (id) => root && root + fileOf(id).split('/').map(part).join('/');
  const pictures = new Map(all('.grid img[src]', list).map((image) => [image.alt, image.src]));

  for (const tile of all('li', wall)) {
    const examples = all('.grid img[src]', $('#cluster-' + tile.dataset.cluster)).slice(0, 4);
    const copies = examples.map(({ src }) => make('img', { src, alt: '', decoding: 'async' }));
    $('.mosaic', tile).append(...copies);
  }

  only.addEventListener('change', () => document.body.classList.toggle('only', only.checked));
  order.addEventListener('change', () => {
    const [key, sign] = order.value.split(' ');
    const by = (a, b, key) => a.dataset[key] - b.dataset[key];
    const sorted = (items) => items.sort((a, b) => sign * by(a, b, key) || by(a, b, 'cluster'));
    list.append(...sorted(all('.card')));
    wall.append(...sorted(all('li', wall)));
  });

  const tileOf = (id, cluster) => {
    const image = make('img', { alt: id, loading: 'lazy', decoding: 'async' });
    const src = pictures.get(id) ?? address(id);
    if (src) image.src = src;
    const button = make('button', { type: 'button', title: id }, [image]);
    button.dataset.facts = 'Cluster ' + cluster;
    return make('li', {}, [button]);
  };

  for (const button of all('.more', list)) {
    button.hidden = false;
    button.addEventListener('click', () => {
      const cluster = button.dataset.cluster;
      const names = ids[cluster];
      const grid = make('ul', { className: 'grid' });
      const next = make('button', { type: 'button', className: 'more' });
      let at = 0;
      const add = () => {
        grid.append(...names.slice(at, at + CHUNK).map((id) => tileOf(id, cluster)));
        at = Math.min(at + CHUNK, names.length);
        next.textContent = 'Show more (' + count(at) + ' of ' + count(names.length) + ')';
        next.hidden = at === names.length;
      };
      add();
      next.addEventListener('click', add);
      const title = make('h4', { className: 'sub', textContent: 'All images, by name' });
      $('#cluster-' + cluster).append(title, grid, next);
      button.hidden = true;
      title.scrollIntoView({ block: 'center' });
    });
  }

  const find = () => {
    const text = search.value.trim().toLowerCase();
    list.hidden = text !== '';
    found.hidden = text === '';
    if (text === '') return;
    const hits = ids.flatMap((names, cluster) =>
      names.filter((id) => id.toLowerCase().includes(text)).map((id) => [id, cluster]));
    const shown = hits.slice(0, CHUNK).map(([id, cluster]) => {
      const tile = tileOf(id, cluster);
      const link = { href: '#cluster-' + cluster, textContent: cluster, title: 'Cluster ' + cluster };
      tile.append(make('a', { ...link, className: 'badge' }));
      return tile;
    });
    const images = count(hits.length) + (hits.length === 1 ? ' image' : ' images');
    const words = images + ' with “' + search.value.trim() + '” in the name' +
      (hits.length > CHUNK ? ', the first ' + CHUNK + ' shown' : '');
    const note = make('p', { className: 'note', textContent: words });
    found.replaceChildren(note, make('ul', { className: 'grid' }, shown));
    $('.bar').scrollIntoView({ block: 'start' });
  };
  let waiting;
  if (search) search.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 150);
  });
  document.addEventListener('click', (event) => {
    if (search && search.value && event.target.closest('a[href^="#"]')) {
      search.value = '';
      find();
    }
  });

  let current;
  const visible = () => all('.grid button').filter((button) => button.offsetParent !== null);
  const show = (button) => {
    current = button;
    const small = $('img', button), large = $('img', dialog), original = $('#original');
    const source = address(small.alt);
    large.onerror = () => {
      large.onerror = null;
      large.src = small.src;
    };
    large.src = source ?? small.src;
    large.alt = small.alt;
    original.hidden = !source;
    if (source) original.href = source;
    $('p', dialog).textContent = small.alt;
    $('.stat', dialog).textContent = button.dataset.facts;
    if (!dialog.open) dialog.showModal();
  };
  const move = (by) => {
    const buttons = visible();
    const next = buttons[buttons.indexOf(current) + by];
    if (next) show(next);
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest('.grid button');
    if (button) show(button);
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog || event.target.id === 'close') dialog.close();
    if (event.target.id === 'previous') move(-1);
    if (event.target.id === 'next') move(1);
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') move(-1);
    if (event.key === 'ArrowRight') move(1);
  });
  dialog.addEventListener('close', () => current && current.focus());
})();
`;
