# SPDX-License-Identifier: Apache-2.0
# cmake -DNPM= -DNODE= -DFROM= -DWORK= -DOUT= -P fetch.cmake: packages from the lock file, made into
# OUT. Where the registry cannot be reached it says so and succeeds, and the next build tries again;
# packages that are not what make.mjs expects are an error.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${WORK})
execute_process(
  COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
    --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=60000
  WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
  string(STRIP "${said}" said)
  string(REGEX REPLACE "\n.*" "" said "${said}")
  message(NOTICE "Countries and owners of addresses are left out: npm: ${said}")
  return()
endif()
execute_process(COMMAND ${NODE} ${FROM}/make.mjs ${WORK}/node_modules ${OUT} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "packaging/geo/make.mjs failed")
endif()
file(REMOVE_RECURSE ${WORK}) # 80 MB that nobody needs again
file(TOUCH ${OUT}/SOURCES)
