if (process.env['CERULEAN_TEST_POSTGRES'] === undefined) {
  throw new Error(
    'CERULEAN_TEST_POSTGRES must name a PostgreSQL in which databases may be made: npm run test:all starts one.',
  );
}
