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
import { PasswordHasher } from './password-hasher.js';
import { jwtSecret } from './secret.js';
import { SessionsService } from './sessions.service.js';

/** Users, sessions and passwords, and the global guard that requires a token on every route not marked `@Public`. */
@Module({
  imports: [
    JwtModule.registerAsync({
      inject: [SETTINGS],
      useFactory: (settings: Settings) => ({
        // As a key object: of a string, jsonwebtoken would try for each token whether it is a public key.
        secret: createSecretKey(Buffer.from(jwtSecret(settings))),
        signOptions: { algorithm: 'HS256' },
      }),
    }),
  ],
  controllers: [AuthController],
  providers: [
    AuthService,
    SessionsService,
    AccountLimits,
    LoginThrottle,
    PasswordHasher,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AuthService, SessionsService],
})
export class AuthModule {}
