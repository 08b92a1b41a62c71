import { pino } from 'pino';

/** What may wait to be written; beyond it lines are dropped. */
const bufferLimitBytes = 1024 * 1024;

type Destination = ReturnType<typeof pino.destination>;

/**
 * Standard output, for the log. Where it cannot be written to (it is a file on a disk that is full), lines wait or are
 * dropped: with pino's own destination the error would end the process, and then keep it from ending, as writing is
 * tried again without end on exit.
 */
export function logDestination(): Destination {
  const destination = pino.destination({ dest: 1, sync: false, maxLength: bufferLimitBytes });
  let failing = false;
  destination.on('error', () => (failing = true));
  destination.on('write', () => (failing = false));
  const flushSync = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    if (!failing) flushSync();
  };
  return destination;
}
