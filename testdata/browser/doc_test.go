// Package browser drives the console of the real program in a real browser, Chromium without a window, as people use it.
//
// It is a module of its own, so that what drives the browser is no dependency of counterpart. Run it with "make browser";
// "make screenshots" writes the pictures of docs/console.md anew.
package browser
