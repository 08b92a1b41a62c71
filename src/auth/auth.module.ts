import { createSecretKey } from 'node:crypto';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { AccountLimits } from './account-limits.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { LoginThrottle } from './login-throttle.js';
import { OperatorAccess } from './operator-access.js';
import { OperatorUsers } from './operator-users.js';
import { PasswordHasher } from './password-hasher.js';
import { jwtSecret } from './secret.js';
import { SessionsService } from './sessions.service.js';
import { UserChanges } from './user-changes.js';

/** Users, sessions, passwords and their limits; installs the guard that requires a token on every route. */
@Module({
  imports: [
    JwtModule.registerAsync({
      inject: [SETTINGS],
      useFactory: (settings: Settings) => ({
        // A key object, because with a string jsonwebtoken tries to parse a public key for each token.
        secret: createSecretKey(Buffer.from(jwtSecret(settings))),
        signOptions: { algorithm: 'HS256' },
      }),
    }),
  ],
  controllers: [AuthController],
  providers: [
    AuthService,
    SessionsService,
    UserChanges,
    AccountLimits,
    LoginThrottle,
    PasswordHasher,
    OperatorAccess,
    OperatorUsers,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AuthService, SessionsService, UserChanges, OperatorAccess, OperatorUsers],
})
export class AuthModule {}
