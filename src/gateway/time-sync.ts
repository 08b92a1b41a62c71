import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Clock } from '../config/clock.js';

/** The position of the time of arrival among the arguments of a handler: after client, data and acknowledgement. */
const arrivedIndex = 3;

/** Parameter decorator for a message's handler: when the message arrived, a value of `performance.now()`. */
export const ArrivedAt = createParamDecorator((_: unknown, context: ExecutionContext) =>
  context.getArgByIndex<number>(arrivedIndex),
);

/** The answer to `time_sync`. @param arrivedMs when the message arrived, a value of `performance.now()` */
export const timeSyncAnswer = (clock: Clock, arrivedMs: number) => ({
  ok: true,
  server_time: clock.now(),
  server_received: clock.roomTime(arrivedMs),
  /** Read when the answer is encoded, immediately before it is written. */
  get server_sent() {
    return clock.roomTime();
  },
  clock_id: clock.id,
});
