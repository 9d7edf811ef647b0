/** The head of a page that holds everything it shows. */
import { escapeHtml } from './text.ts';

export interface PageHead {
  title: string;
  /** Text of the style sheet. */
  styles: string;
  /** Allows scripts in the page. Default false. */
  scripts?: boolean;
}

/** Formats a document up to the end of its head. Nothing outside the file may be loaded. */
export function pageHead({ title, styles, scripts = false }: PageHead): string {
  const inline = scripts ? ";script-src 'unsafe-inline'" : '';
  const policy = `default-src 'none';img-src data:;style-src 'unsafe-inline'${inline}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)} · likeness</title>
<link rel="icon" href="data:,">
<style>${styles}</style>
</head>`;
}
