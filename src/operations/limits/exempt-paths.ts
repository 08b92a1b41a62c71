/** Never refused early: supervisors request health and metrics, and handshakes have their own limits. */
export const exempt = /^\/(health\/(live|ready)|metrics)\/?(\?|$)|^\/socket\.io\//;
