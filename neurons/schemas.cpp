#include "neurons/schemas.h"

#include "neurons/burst_lif.h"
#include "neurons/general_lif.h"
#include "neurons/if.h"
#include "neurons/li.h"
#include "neurons/lif.h"
#include "neurons/multi_threshold.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"

namespace rheobase {

void add_neuron_schemas(SchemaSet& schemas) {
  schemas.add(if_schema());
  schemas.add(lif_schema());
  schemas.add(general_lif_schema());
  schemas.add(burst_lif_schema());
  schemas.add(li_schema());
  for (const MultiThreshold kind :
       {MultiThreshold::signed_if, MultiThreshold::mtif, MultiThreshold::sigma_delta})
    schemas.add(multi_threshold_schema(kind));
  schemas.add(qcfs_schema());
  schemas.add(relu_schema());
  schemas.add(sign_schema());
}

}  // namespace rheobase
