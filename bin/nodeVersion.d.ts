export declare const MINIMUM: string;
export declare function isSupported(version: string): boolean;
export declare function unsupportedMessage(version: string): string;
