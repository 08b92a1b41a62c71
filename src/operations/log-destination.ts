import { pino } from 'pino';

/** Unwritten log lines beyond this size are dropped. */
const maxBufferBytes = 1024 * 1024;

type Destination = ReturnType<typeof pino.destination>;

/**
 * The log's destination: standard output. While it cannot be written to (it may be redirected to a file on a full disk),
 * lines are buffered or dropped. With pino's own destination the error would end the process, and the exit would then
 * hang, because pino retries the flush without end.
 */
export function logDestination(): Destination {
  const destination = pino.destination({ dest: 1, sync: false, maxLength: maxBufferBytes });
  let failing = false;
  destination.on('error', () => (failing = true));
  destination.on('write', () => (failing = false));
  const flushSync = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    if (!failing) flushSync();
  };
  return destination;
}
