/** Marks the folder for the Svelte plugin and for svelte-check; the defaults fit. */
export default {};
