import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compress } from './compress.js';

/** The server replaces it in index.html with a new nonce for each answer. */
const noncePlaceholder = '__CSP_NONCE__';

/** The server that Vite's development server hands requests to. */
const target = process.env.ROOMCAST_SERVER ?? 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react(), compress()],
  html: { cspNonce: noncePlaceholder },
  build: {
    target: 'es2022',
    // Files as data: URLs would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/api': target,
      '/socket.io': { target, ws: true },
    },
  },
});
