import type { Texts } from '../language.js';

export const roomSettings: Texts['roomSettings'] = {};
