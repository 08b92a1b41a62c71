import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { HomePage } from '../entrance/home-page.js';
import { NotFoundPage } from '../entrance/not-found-page.js';
import { LoadingPage } from '../parts/message-page.js';
import { ErrorBoundary } from './error-boundary.js';

const RoomPage = lazy(() => import('../room/room-page.js').then(({ RoomPage: page }) => ({ default: page })));
const TvPage = lazy(() => import('../tv/tv-page.js').then(({ TvPage: page }) => ({ default: page })));
const OperatorPage = lazy(() =>
  import('../operator/operator-page.js').then(({ OperatorPage: page }) => ({ default: page })),
);

/** One route for both: behind the door the address of an invite becomes that of the room, which stays open. */
const roomPath = /^\/(?:rooms\/(?<roomId>[^/]+)|join\/(?<invite>[^/]+))\/?$/;

/** Which page a path shows. */
export function App() {
  return (
    <ErrorBoundary>
      <Suspense fallback={<LoadingPage />}>
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
      </Suspense>
    </ErrorBoundary>
  );
}
