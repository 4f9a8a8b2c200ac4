/** The types of consensus, together. */
export * from './chain.js';
export * from './market.js';
export * from './market_messages.js';
export * from './market_terms.js';
export * from './staking.js';
export * from './transaction.js';
