export * from './views.js';
export * from './catalogue.js';
export * from './queue.js';
export * from './playback.js';
export * from './errors.js';
export * from './envelope-schema.js';
export * from './messages.js';
export * as rest from './rest.js';
