/** The head of a page that holds everything it shows. */
import { escapeHtml } from './text.ts';

export interface PageHead {
  title: string;
  /** Text of the style sheet. */
  styles: string;
  /** Allows scripts in the page. Default false. */
  scripts?: boolean;
  /** Schemes that images may come from. Default `data:`, images in the page itself. */
  images?: readonly ('data:' | 'file:')[];
}

/**
 * Formats a document up to the end of its head. Nothing may be loaded from a network, and images
 * outside the file only where `images` allows it.
 */
export function pageHead({ title, styles, scripts = false, images = ['data:'] }: PageHead): string {
  const inline = scripts ? ";script-src 'unsafe-inline'" : '';
  const policy = `default-src 'none';img-src ${images.join(' ')};style-src 'unsafe-inline'${inline}`;
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
