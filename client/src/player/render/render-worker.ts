import { type RenderScope, serveRenderer } from './render-messages.js';
import { createRenderer } from './renderer.js';

/*
 * The worker as a file of its own, for pages whose Content-Security-Policy forbids workers from `blob:`: its URL is
 * given to the player as `workerUrl`.
 */
serveRenderer(globalThis as unknown as RenderScope, createRenderer());
