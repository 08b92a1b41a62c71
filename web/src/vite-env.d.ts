/// <reference types="vite/client" />

declare module '@roomcast/client/player-worker?url' {
  const url: string;
  export default url;
}
