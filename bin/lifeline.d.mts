export function stopWhenOrphaned(stop: () => void): void;
export function stopWithStarter(stop: () => void): void;
