import { account } from './account.js';
import { common } from './common.js';
import { delivery } from './delivery.js';
import { entrance } from './entrance.js';
import { errors } from './errors.js';
import { operator } from './operator.js';
import { room } from './room.js';
import { roomSettings } from './room-settings.js';
import { sharing } from './sharing.js';
import { tv } from './tv.js';

export const en = { account, common, delivery, entrance, errors, operator, room, roomSettings, sharing, tv };
