import { Route, Switch } from 'wouter';
import { HomePage } from '../entrance/home-page.js';
import { NotFoundPage } from '../entrance/not-found-page.js';
import { lazyPage } from '../parts/lazy-part.js';
import { RoomPage } from '../room/room-page.js';
import { ErrorBoundary } from './error-boundary.js';

const TvPage = lazyPage(async () => (await import('../tv/tv-page.js')).TvPage);
const OperatorPage = lazyPage(async () => (await import('../operator/operator-page.js')).OperatorPage);

/** One route for both: behind the door the address of an invite becomes that of the room, which stays open. */
const roomPath = /^\/(?:rooms\/(?<roomId>[^/]+)|join\/(?<invite>[^/]+))\/?$/;

/** Which page a path shows. */
export function App() {
  return (
    <ErrorBoundary>
      <Switch>
        <Route path="/" component={HomePage} />
        <Route path="/rooms/:id/tv">{({ id }) => <TvPage key={id} roomId={id} />}</Route>
        <Route path="/admin" component={OperatorPage} />
        <Route path={roomPath}>
          {({ roomId, invite }) => (
            <RoomPage {...(roomId === undefined ? { invite: invite! } : { roomId })} />
          )}
        </Route>
        <Route component={NotFoundPage} />
      </Switch>
    </ErrorBoundary>
  );
}
