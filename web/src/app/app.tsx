import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { HomePage } from '../entrance/home-page.js';
import { LoadingPage } from '../parts/message-page.js';
import { NotFoundPage } from '../entrance/not-found-page.js';

const RoomPage = lazy(() => import('../room/room-page.js').then(({ RoomPage: page }) => ({ default: page })));

/** Which page a path shows. */
export function App() {
  return (
    <Suspense fallback={<LoadingPage />}>
      <Switch>
        <Route path="/" component={HomePage} />
        <Route path="/rooms/:id">{({ id }) => <RoomPage key={id} roomId={id} />}</Route>
        <Route component={NotFoundPage} />
      </Switch>
    </Suspense>
  );
}
