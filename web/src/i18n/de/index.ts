import type { Texts } from '../language.js';
import { common } from './common.js';
import { delivery } from './delivery.js';
import { entrance } from './entrance.js';
import { errors } from './errors.js';
import { operator } from './operator.js';
import { room } from './room.js';
import { roomSettings } from './room-settings.js';

export const de: Texts = { common, delivery, entrance, errors, operator, room, roomSettings };
