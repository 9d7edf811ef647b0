/** Tells whether the page is dark now: by the chosen theme, or by that of the system. */
export function watchScheme(): { readonly dark: boolean } {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const read = () => {
    const { theme } = document.documentElement.dataset;
    return theme === 'dark' || (theme !== 'light' && system.matches);
  };
  let dark = $state(read());
  $effect(() => {
    const update = () => {
      dark = read();
    };
    const observer = new MutationObserver(update);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    system.addEventListener('change', update);
    return () => {
      observer.disconnect();
      system.removeEventListener('change', update);
    };
  });
  return {
    get dark() {
      return dark;
    },
  };
}
