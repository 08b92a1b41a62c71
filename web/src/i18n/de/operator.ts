import type { Texts } from '../language.js';

export const operator: Texts['operator'] = {};
