import { createContext } from 'svelte';
import type { App } from './app.svelte.ts';

/** The page's state for every component below the root. */
export const [getApp, setApp] = createContext<App>();
