/** Script of the page: enlarge, filter, sort. The page can be read without it. */
export const script = `
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const only = $('#only'), order = $('#order'), dialog = $('dialog'), list = $('#clusters'), bars = $('.bars');
  $('.bar').classList.add('ready');
  for (const control of all('.bar [hidden]')) control.hidden = false;

  only.addEventListener('change', () => document.body.classList.toggle('only', only.checked));
  order.addEventListener('change', () => {
    const [key, sign] = order.value.split(' ');
    const sorted = (items) => items.sort((a, b) => sign * (a.dataset[key] - b.dataset[key]) || a.dataset.cluster - b.dataset.cluster);
    list.append(...sorted(all('.card')));
    bars.append(...sorted(all('li', bars)));
  });

  let current;
  const visible = () => all('.grid button', list).filter((button) => button.offsetParent !== null);
  const show = (button) => {
    current = button;
    const image = $('img', button);
    $('img', dialog).src = image.src;
    $('img', dialog).alt = image.alt;
    $('p', dialog).textContent = image.alt;
    $('.stat', dialog).textContent = button.dataset.facts;
    if (!dialog.open) dialog.showModal();
  };
  const move = (by) => {
    const buttons = visible();
    const next = buttons[buttons.indexOf(current) + by];
    if (next) show(next);
  };
  list.addEventListener('click', (event) => {
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
