import { createContext, useContext } from 'react';
import { useStore } from '../stores/use-store.js';
import type { Session, SignedInUser } from './session.js';

const SessionContext = createContext<Session | undefined>(undefined);
export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('There is no SessionProvider above this component.');
  return session;
}

/** Who is signed in; null: nobody. */
export const useSignedIn = (): SignedInUser | null => useStore(useSession().signedIn);
