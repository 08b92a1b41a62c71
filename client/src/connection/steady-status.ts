import type { Environment, Timer } from '../environment.js';
import { type Store, WritableStore } from '../store.js';
import type { Connection } from './connection.js';

/** A connection's state for people: short breaks do not show. */
export type Status = 'connecting' | 'live' | 'reconnecting' | 'closed';

/** A break that ends sooner is not shown. */
const hiddenMs = 1_000;

/** Follows a connection for as long as it is not closed; `live` stays until it has been lost for a second. */
export function steadyStatus(connection: Store<Connection>, environment: Environment): Store<Status> {
  const status = new WritableStore<Status>('connecting');
  let timer: Timer | undefined;
  const follow = () => {
    switch (connection.current.is) {
      case 'live':
        environment.clearTimeout(timer);
        timer = undefined;
        status.set('live');
        return;
      case 'closed':
        environment.clearTimeout(timer);
        unsubscribe();
        status.set('closed');
        return;
      case 'connecting':
      case 'catching_up':
      case 'offline':
        if (status.current === 'live') {
          timer ??= environment.setTimeout(() => status.set('reconnecting'), hiddenMs);
        }
        return;
    }
  };
  const unsubscribe = connection.subscribe(follow);
  return status;
}
